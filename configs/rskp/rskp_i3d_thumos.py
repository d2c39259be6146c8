# RSKP on THUMOS14 with I3D features, whole videos; schedule of the released code, which sums the gradients of ten
# videos: a mean over ten has a tenth of its weight decay. Its last epoch counts here.
_base_ = [
    '../_base_/datasets/thumos14_i3d.py', '../_base_/models/rskp.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=['rgb', 'flow'], embedding=dict(in_channels=2048), head=dict(num_classes=20))
optim_wrapper = dict(optimizer=dict(lr=5e-5, betas=(0.9, 0.99), weight_decay=5e-5))
train_cfg = dict(max_epochs=200)
default_hooks = dict(memory=dict(type='MemoryHook'))
