# Table 2, "Ours (U)": RPN on ActivityNet 1.2 with UntrimmedNet features at the stride that the file states.
_base_ = [
    '_base_/datasets/anet12_unt.py', '_base_/models/rpn_one_length.py', '_base_/schedules/adam_1000e.py',
    '_base_/default_runtime.py'
]
model = dict(
    streams=dict(rgb=dict(), flow=dict()),  # paper: a network each, fused by NMS
    localizer=dict(
        embedding=dict(in_channels=1024),
        neck=dict(num_classes=100),
        proposals=dict(min_class_score=0.1)))  # paper: p_c
