# DDG-Net on THUMOS14 with I3D features; schedule of DELU, its last iteration counts here.
_base_ = [
    '../_base_/datasets/thumos14_i3d_pairs.py', '../_base_/models/ddgnet.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=['rgb', 'flow'], head=dict(in_channels=2048, num_classes=20, split=dict(rgb=1024, flow=1024)))
optim_wrapper = dict(optimizer=dict(lr=5e-5, weight_decay=1e-3))
train_cfg = dict(min_iters=5000)
default_hooks = dict(progress=dict(type='ProgressHook'))
