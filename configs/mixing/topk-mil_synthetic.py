# Our localizer, proposals and suppression with another head: a class activation sequence and W-TALC's k-max pooling,
# without prototypes. Trained with video-level labels, as everything here but bmn_synthetic.py.
_base_ = '../rpn_synthetic.py'
model = dict(
    localizer=dict(
        neck=None, weighting=None, head=dict(_delete_=True, type='TopKMILHead', in_channels=128, num_classes=10)))
