# CMCS on your own videos, as rpn_custom.py: $RPN_CUSTOM_ROOT; one network on all streams side by side. Losses and test
# are those of the released code; features of any scale are standardized, and widths, rate and length of training are
# ours. Hard negatives are stretches of your videos in which features hardly change. Where an action may be as still as
# its background they do great harm (docs/methods.md): head.still=None leaves them out.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/cmcs.py', '../_base_/schedules/adam_own_videos.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(both=dict(streams={{_base_.streams}})),
    data_preprocessor=dict(standardize=True),
    localizer=dict(
        head=dict(
            in_channels={{_base_.in_channels}}, num_classes={{_base_.num_classes}}, shared_channels=256,
            branch_channels=128, attention_channels=128)))
optim_wrapper = dict(optimizer=dict(weight_decay=1e-3 / 24))
