# CMCS on THUMOS14 with I3D features, whole videos; schedule of the released code, which sums the gradients of 24
# videos: a mean over 24 has a 24th of its weight decay. Its features are of the videos' own frame rate, in ten crops.
_base_ = [
    '../_base_/datasets/thumos14_i3d.py', '../_base_/models/cmcs.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=dict(rgb=dict(), flow=dict()), localizer=dict(head=dict(in_channels=1024, num_classes=20)))
train_dataloader = dict(batch_size=24)
auto_scale_lr = dict(base_batch_size=24)
optim_wrapper = dict(optimizer=dict(weight_decay=1e-3 / 24))
train_cfg = dict(min_iters=15000)
