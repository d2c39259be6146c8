# Table 2, "Ours (U)": RPN on ActivityNet 1.2 with UntrimmedNet features at the stride that the file states.
_base_ = [
    '_base_/datasets/anet12_unt.py', '_base_/models/rpn_two_stream.py', '_base_/schedules/adam_1000e.py',
    '_base_/default_runtime.py'
]
model = dict(localizer=dict(embedding=dict(in_channels=1024), neck=dict(num_classes=100)))
