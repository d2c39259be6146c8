# ACM-Net on THUMOS14 with I3D features; schedule of the released code, its last epoch counts here.
_base_ = [
    '../_base_/datasets/thumos14_i3d_sampled.py', '../_base_/models/acmnet.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=['rgb', 'flow'], embedding=dict(in_channels=2048), head=dict(num_classes=20))
optim_wrapper = dict(optimizer=dict(weight_decay=5e-5))
train_cfg = dict(max_epochs=1000)
