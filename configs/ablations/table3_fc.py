# Table 3, "FC": label features through a fully connected network. (The third row, GCN, is rpn_i3d_thumos.py.)
_base_ = '../rpn_i3d_thumos.py'
model = dict(localizer=dict(neck=dict(type='FullyConnectedPrototypes')))
