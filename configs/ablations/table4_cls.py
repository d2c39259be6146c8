# Table 4, row 1: L_cls alone.
_base_ = '../rpn_i3d_thumos.py'
model = dict(localizer=dict(head=dict(loss_clu=dict(loss_weight=0.0)), weighting=None))
