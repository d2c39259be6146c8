# HAM-Net on THUMOS14 with I3D features; schedule of the released code, whose last epoch counts there, too.
_base_ = [
    '../_base_/datasets/thumos14_i3d.py', '../_base_/models/hamnet.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=['rgb', 'flow'], head=dict(in_channels=2048, num_classes=20))
train_dataloader = dict(
    batch_size=20,
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=500, mode='strata'),
            dict(type='PackUntrimmedInputs')
        ]))
auto_scale_lr = dict(base_batch_size=20)
optim_wrapper = dict(optimizer=dict(lr=1e-5, weight_decay=1e-3))
train_cfg = dict(max_epochs=100)
