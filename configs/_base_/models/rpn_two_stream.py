# RPN on rgb and flow, fused by NMS. Published: p_c = 0.1, n = 2, k = 0.1 T, lambda = 0.1. Everything else is ours,
# chosen on ucf101-untrimmed (as rpn_vgg16_ucf101_untuned.py has it) and carried over by fixing the scale of the
# features (l2_length). A config on it states what its data decide: embedding.in_channels (D) and neck.num_classes (C).
model = dict(
    type='MultiStreamLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor', l2_length=8.0),
    streams=dict(rgb=dict(), flow=dict()),
    localizer=dict(
        type='WeaklySupervisedLocalizer',
        embedding=dict(type='TemporalConvEmbedding', channels=[256], kernel_size=3, dropout=0.2),
        neck=dict(type='CooccurrenceGCN', channels=[256, 256], init_gain=0.1),
        head=dict(
            type='RPNHead',
            in_channels=256,
            attention_channels=64,
            gamma_c=0.25,
            loss_cls=dict(type='VideoClassificationLoss', loss_weight=1.0),
            loss_clu=dict(type='ClusteringLoss', loss_weight=0.05)),
        weighting=dict(type='SimilarityWeighting', gamma_t=0.055, num_updates=2, top_ratio=0.1, moving_rate=0.1),
        proposals=dict(
            type='ThresholdProposals',
            min_class_score=0.1,
            thresholds=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
            relative=True,
            confidence='outer-inner+video',
            video_weight=0.25,
            inflation=0.25)),
    nms=dict(type='TemporalNMS', method='gaussian', sigma=0.5, min_score=1e-3))
