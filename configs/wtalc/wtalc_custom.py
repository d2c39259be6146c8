# W-TALC on your own videos, as rpn_custom.py: $RPN_CUSTOM_ROOT. Losses and test are those of the released code;
# features of any scale are standardized, and width, rate and length of training are ours.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/wtalc.py', '../_base_/schedules/adam_own_videos.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams={{_base_.streams}},
    data_preprocessor=dict(standardize=True),
    embedding=dict(in_channels={{_base_.in_channels}}, channels=[512]),
    head=dict(in_channels=512, num_classes={{_base_.num_classes}}))
train_dataloader = dict(batch_size=10, sampler=dict(_delete_=True, type='PairedClassSampler', pairs=3, rest=4))
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
