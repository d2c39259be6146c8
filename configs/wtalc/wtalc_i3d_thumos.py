# W-TALC on THUMOS14 with I3D features. The released code trains for up to 100000 iterations and is tested every 500;
# the number of iterations here is ours.
_base_ = [
    '../_base_/datasets/thumos14_i3d_pairs.py', '../_base_/models/wtalc.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=['rgb', 'flow'], embedding=dict(in_channels=2048), head=dict(num_classes=20))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=750, mode='crop'),
            dict(type='PackUntrimmedInputs')
        ]))
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
train_cfg = dict(min_iters=10000)
