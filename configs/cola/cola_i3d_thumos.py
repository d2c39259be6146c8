# CoLA on THUMOS14 with I3D features; schedule of the released code, its last iteration counts here.
_base_ = [
    '../_base_/datasets/thumos14_i3d_sampled.py', '../_base_/models/cola.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=['rgb', 'flow'], embedding=dict(in_channels=2048), head=dict(num_classes=20))
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
train_cfg = dict(min_iters=6000)
