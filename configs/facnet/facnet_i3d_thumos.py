# FAC-Net on THUMOS14 with I3D features, whole videos; schedule of the released code, which sums the gradients of ten
# videos: a mean over ten has a tenth of its weight decay. Its last epoch counts here.
_base_ = [
    '../_base_/datasets/thumos14_i3d.py', '../_base_/models/facnet.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(rgb=dict(), flow=dict()),
    weights=dict(rgb=0.1),
    localizer=dict(embedding=dict(in_channels=1024), head=dict(num_classes=20)))
optim_wrapper = dict(optimizer=dict(betas=(0.9, 0.99), weight_decay=5e-4))
train_cfg = dict(max_epochs=100)
