# Streams of different heads: RPN on rgb, k-max pooling on flow. The borders of flow's proposals are its own, their
# confidences come from both networks; those of rgb count half. Both were put in to be shown, not chosen.
_base_ = '../rpn_synthetic.py'
model = dict(
    streams=dict(
        flow=dict(
            neck=None, weighting=None, head=dict(_delete_=True, type='TopKMILHead', in_channels=128, num_classes=10))),
    weights=dict(rgb=0.5),
    scored_by=dict(flow=['rgb', 'flow']))
