# CMCS on THUMOS14 with UntrimmedNet features (one per 15 frames), as cmcs_i3d_thumos.py; schedule of the released code.
_base_ = [
    '../_base_/datasets/thumos14_unt.py', '../_base_/models/cmcs.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(rgb=dict(), flow=dict()),
    localizer=dict(
        head=dict(in_channels=1024, num_classes=20, dropout=0.8),
        proposals=dict(upsample=15, dilation=10 / 15)))
train_dataloader = dict(batch_size=24)
auto_scale_lr = dict(base_batch_size=24)
optim_wrapper = dict(optimizer=dict(weight_decay=1e-3 / 24))
train_cfg = dict(min_iters=7500)
