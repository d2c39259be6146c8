# Hide-and-Seek in time on THUMOS14 with I3D features (C3D in its paper). The number of stretches is unverified, the
# probability is that of its released code for images; rate and length of training are ours.
_base_ = [
    '../_base_/datasets/thumos14_i3d.py', '../_base_/models/hide_and_seek.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=['rgb', 'flow'], embedding=dict(in_channels=2048), head=dict(num_classes=20))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='HideSnippets', num_stretches=16, probability=0.5),
            dict(type='PackUntrimmedInputs')
        ]))
train_cfg = dict(max_epochs=100)
