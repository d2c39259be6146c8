# Table 4, row 4: everything but prototype updating. (Row 5, the full model, is rpn_i3d_thumos.py.)
_base_ = '../rpn_i3d_thumos.py'
model = dict(localizer=dict(weighting=dict(num_updates=0)))
