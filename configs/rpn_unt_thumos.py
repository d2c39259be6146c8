# Table 1, "Ours (UNT)": RPN on THUMOS14 with UntrimmedNet features: one feature per 16 frames at 25 fps, 0.64 s.
_base_ = [
    '_base_/datasets/thumos14_i3d.py', '_base_/models/rpn_two_stream.py', '_base_/schedules/adam_1000e.py',
    '_base_/default_runtime.py'
]
data_prefix = dict(rgb='unt/rgb', flow='unt/flow')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
