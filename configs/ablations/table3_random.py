# Table 3, "Random Initialization": prototypes drawn at random and learned directly.
_base_ = '../rpn_i3d_thumos.py'
model = dict(localizer=dict(neck=dict(type='RandomPrototypes')))
