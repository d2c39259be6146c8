# ASL on THUMOS14 with I3D features; schedule of the released script, its last epoch counts here.
_base_ = [
    '../_base_/datasets/thumos14_i3d_sampled.py', '../_base_/models/asl.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=['rgb', 'flow'], head=dict(in_channels=2048, num_classes=20, split=dict(rgb=1024, flow=1024)))
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
train_cfg = dict(max_epochs=100)
