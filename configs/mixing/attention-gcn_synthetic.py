# RPNHead with another neck: relations among the classes learned by attention, in place of counted co-occurrence.
_base_ = '../rpn_synthetic.py'
model = dict(localizer=dict(neck=dict(type='AttentionGCN')))
