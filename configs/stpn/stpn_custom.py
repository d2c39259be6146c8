# STPN on your own videos, as rpn_custom.py: $RPN_CUSTOM_ROOT; one network on all streams side by side. Losses and test
# are those of a released reimplementation; features of any scale are standardized, and rate and length of training are
# ours: a linear classifier of gated means learns slowly (22000 iterations there).
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/stpn.py', '../_base_/schedules/adam_own_videos.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(both=dict(streams={{_base_.streams}})),
    data_preprocessor=dict(standardize=True),
    localizer=dict(head=dict(in_channels={{_base_.in_channels}}, num_classes={{_base_.num_classes}})))
train_cfg = dict(min_iters=5000)
