# W-TALC on THUMOS14 with UntrimmedNet features, as wtalc_i3d_thumos.py, with the released rate and length of crops.
_base_ = [
    '../_base_/datasets/thumos14_unt.py', '../_base_/models/wtalc.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=['rgb', 'flow'], embedding=dict(in_channels=2048), head=dict(num_classes=20))
train_dataloader = dict(
    sampler=dict(_delete_=True, type='PairedClassSampler', pairs=3, rest=4),
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=1200, mode='crop'),
            dict(type='PackUntrimmedInputs')
        ]))
optim_wrapper = dict(optimizer=dict(lr=1e-5, weight_decay=5e-4))
train_cfg = dict(min_iters=10000)
