# Table 4, row 3: similarity weighting without L_clu, which collapses in the paper.
_base_ = '../rpn_i3d_thumos.py'
model = dict(localizer=dict(head=dict(loss_clu=dict(loss_weight=0.0)), weighting=dict(num_updates=0)))
