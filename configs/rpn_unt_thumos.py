# Table 1, "Ours (UNT)": RPN on THUMOS14 with UntrimmedNet features.
_base_ = [
    '_base_/datasets/thumos14_unt.py', '_base_/models/rpn_two_stream.py', '_base_/schedules/adam_1000e.py',
    '_base_/default_runtime.py'
]
