# DELU on your own videos with two streams, as rpn_custom.py: $RPN_CUSTOM_ROOT. Losses and test are those of the
# released code; features of any scale are standardized, and widths, rate and length of training are ours.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/delu.py', '../_base_/schedules/adam_own_videos.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams={{_base_.streams}},
    data_preprocessor=dict(standardize=True),
    head=dict(
        in_channels={{_base_.in_channels}}, num_classes={{_base_.num_classes}}, split={{_base_.widths}},
        fused_channels=256, attention_channels=128))
train_dataloader = dict(batch_size=10, sampler=dict(_delete_=True, type='PairedClassSampler', pairs=3, rest=4))
optim_wrapper = dict(optimizer=dict(weight_decay=1e-3))
default_hooks = dict(progress=dict(type='ProgressHook'))
