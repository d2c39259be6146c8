# Table 1, "Ours (I3D)": RPN on THUMOS14 with I3D features.
_base_ = [
    '_base_/datasets/thumos14_i3d.py', '_base_/models/rpn_one_length.py', '_base_/schedules/adam_1000e.py',
    '_base_/default_runtime.py'
]
model = dict(
    streams=dict(rgb=dict(), flow=dict()),  # paper: a network each, fused by NMS
    localizer=dict(
        embedding=dict(in_channels=1024),
        neck=dict(num_classes=20),
        proposals=dict(min_class_score=0.1)))  # paper: p_c
