# CMCS on ActivityNet 1.2 with I3D features, whole videos: wider, and cut wherever a class is above next to nothing, as
# released. The released code sums the gradients of 32 videos: a mean over 32 has a 32nd of its weight decay.
_base_ = [
    '../_base_/datasets/anet12_i3d.py', '../_base_/models/cmcs.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(rgb=dict(), flow=dict()),
    localizer=dict(
        head=dict(
            in_channels=1024, num_classes=100, shared_channels=256, branch_channels=128, attention_channels=128),
        proposals=dict(cuts=[dict(thresholds=[1e-7], normalize=True, of_mean=True)])))
train_dataloader = dict(batch_size=32)
auto_scale_lr = dict(base_batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=1e-4 / 32))
param_scheduler = dict(type='MultiStepLR', milestones=[10000], gamma=0.1, by_epoch=False)
train_cfg = dict(min_iters=20000)
