# ASL on your own videos with any number of streams, as rpn_custom.py: $RPN_CUSTOM_ROOT. Losses and test are those of
# the released code; features of any scale are standardized, and rate and length of training are ours.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/asl.py', '../_base_/schedules/adam_own_videos.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams={{_base_.streams}},
    data_preprocessor=dict(standardize=True),
    head=dict(
        in_channels={{_base_.in_channels}}, num_classes={{_base_.num_classes}}, split={{_base_.widths}}))
train_dataloader = dict(batch_size=16)
auto_scale_lr = dict(base_batch_size=16)
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
