# The settings of rpn_i3d_thumos_as_written.py, schedule included, on your own videos: what across_sets.py compares
# with thumos_proxies.py and thumos_one_length.py (docs/unseen_data.md).
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/rpn_two_stream.py',
    '../_base_/schedules/adam_own_videos.py', '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(
        rgb=dict(embedding=dict(in_channels={{_base_.widths.rgb}})),
        flow=dict(embedding=dict(in_channels={{_base_.widths.flow}}))),
    localizer=dict(embedding=dict(in_channels=1), neck=dict(num_classes={{_base_.num_classes}})))
# The paper: Adam, learning rate 1e-4, 1000 epochs.
optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = None
train_cfg = dict(max_epochs=1000, min_iters=0)
