# Table 1, "Ours (I3D)": RPN on THUMOS14 with I3D features.
_base_ = [
    '_base_/datasets/thumos14_i3d.py', '_base_/models/rpn_two_stream.py', '_base_/schedules/adam_1000e.py',
    '_base_/default_runtime.py'
]
model = dict(localizer=dict(embedding=dict(in_channels=1024), neck=dict(num_classes=20)))
