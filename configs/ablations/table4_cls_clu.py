# Table 4, row 2: L_cls + L_clu.
_base_ = '../rpn_i3d_thumos.py'
model = dict(localizer=dict(weighting=None))
