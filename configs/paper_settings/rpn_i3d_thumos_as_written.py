# rpn_i3d_thumos.py with the paper's equations as they are written, without one length for snippets and prototypes.
_base_ = [
    '../_base_/datasets/thumos14_i3d.py', '../_base_/models/rpn_two_stream.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
model = dict(localizer=dict(embedding=dict(in_channels=1024), neck=dict(num_classes=20)))
