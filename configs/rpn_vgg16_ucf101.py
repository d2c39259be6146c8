_base_ = [
    '_base_/datasets/ucf101_untrimmed.py', '_base_/models/rpn_two_stream.py', '_base_/schedules/adam_1000e.py',
    '_base_/default_runtime.py'
]
model = dict(localizer=dict(embedding=dict(in_channels=256), neck=dict(num_classes=10)))
optim_wrapper = dict(optimizer=dict(lr=3e-4))
train_cfg = dict(max_epochs=30, val_interval=30)
default_hooks = dict(checkpoint=dict(interval=10))
