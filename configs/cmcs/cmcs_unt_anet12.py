# CMCS on ActivityNet 1.2 with UntrimmedNet features (one per 15 frames), as cmcs_i3d_anet12.py.
_base_ = [
    '../_base_/datasets/anet12_unt.py', '../_base_/models/cmcs.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(rgb=dict(), flow=dict()),
    localizer=dict(
        head=dict(
            in_channels=1024, num_classes=100, shared_channels=128, branch_channels=64, attention_channels=64,
            dropout=0.8),
        proposals=dict(
            cuts=[dict(thresholds=[1e-7], normalize=True, of_mean=True)], upsample=15, dilation=10 / 15)))
train_dataloader = dict(batch_size=32)
auto_scale_lr = dict(base_batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=5e-4, weight_decay=1e-3 / 32))
param_scheduler = dict(type='MultiStepLR', milestones=[15000], gamma=0.1, by_epoch=False)
train_cfg = dict(min_iters=30000)
