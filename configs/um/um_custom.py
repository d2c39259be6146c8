# UM on your own videos, as rpn_custom.py: $RPN_CUSTOM_ROOT. Losses and test are those of the released code; features
# of any scale are standardized, and width, rate and length of training are ours.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/um.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams={{_base_.streams}},
    data_preprocessor=dict(standardize=True),
    embedding=dict(in_channels={{_base_.in_channels}}, channels=[512]),
    head=dict(in_channels=512, num_classes={{_base_.num_classes}}))
train_dataloader = dict(batch_size=16)
auto_scale_lr = dict(base_batch_size=16)
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=5e-4))
param_scheduler = dict(type='CosineAnnealingLR', eta_min_ratio=0.05, convert_to_iter_based=True)
train_cfg = dict(type='MinItersTrainLoop', max_epochs=20, min_iters=1000)
val_cfg = val_dataloader = val_evaluator = None  # there is nothing to validate on without segments
