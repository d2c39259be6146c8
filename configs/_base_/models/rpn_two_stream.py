# RPN on rgb and flow, fused by NMS. Published: p_c = 0.1, n = 2, k = 0.1 T, lambda = 0.1. Everything else is ours.
model = dict(
    type='MultiStreamLocalizer',
    streams=dict(rgb=dict(), flow=dict()),
    localizer=dict(
        type='WeaklySupervisedLocalizer',
        embedding=dict(type='TemporalConvEmbedding', in_channels=1024, channels=[512], kernel_size=3, dropout=0.5),
        neck=dict(type='CooccurrenceGCN', num_classes=20, channels=[512, 512]),
        head=dict(
            type='RPNHead',
            in_channels=512,
            attention_channels=256,
            gamma_c=0.3,
            loss_cls=dict(type='VideoClassificationLoss', loss_weight=1.0),
            loss_clu=dict(type='ClusteringLoss', loss_weight=0.01)),
        weighting=dict(type='SimilarityWeighting', gamma_t=0.3, num_updates=2, top_ratio=0.1, moving_rate=0.1),
        proposals=dict(
            type='ThresholdProposals',
            min_class_score=0.1,
            thresholds=[round(0.05 * step, 2) for step in range(1, 20)],
            relative=True,
            confidence='outer-inner+video')),
    nms=dict(type='TemporalNMS', method='hard', threshold=0.3))
