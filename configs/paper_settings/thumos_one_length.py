# The settings of rpn_i3d_thumos.py, schedule included, on your own videos: published ones (two networks fused by NMS,
# p_c = 0.1, Adam 1e-4 for 1000 epochs), and for what the paper leaves open those of rpn_custom.py.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/rpn_one_length.py',
    '../_base_/schedules/adam_own_videos.py', '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(
        rgb=dict(embedding=dict(in_channels={{_base_.widths.rgb}})),
        flow=dict(embedding=dict(in_channels={{_base_.widths.flow}}))),
    localizer=dict(
        embedding=dict(in_channels=1),
        neck=dict(num_classes={{_base_.num_classes}}),
        proposals=dict(min_class_score=0.1)))
# The paper: Adam, learning rate 1e-4, 1000 epochs.
optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = None
train_cfg = dict(max_epochs=1000, min_iters=0)
