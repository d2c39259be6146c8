# RPN with snippets and prototypes of one length, so that its numbers mean the same for all features and every E. What
# the paper states is marked; everything else is ours, chosen on six real data sets together (docs/unseen_data.md). A
# config on it states streams, embedding.in_channels (D) and neck.num_classes (C).
model = dict(
    type='MultiStreamLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor', standardize=True),
    localizer=dict(
        type='WeaklySupervisedLocalizer',
        embedded_length=3.0,
        embedding=dict(type='TemporalConvEmbedding', channels=[256], kernel_size=3, dropout=0.2),
        neck=dict(type='CooccurrenceGCN', channels=[256, 256]),
        head=dict(
            type='RPNHead',
            in_channels=256,
            attention_channels=64,
            gamma_c=0.5,
            top_ratio=0.0625,
            loss_cls=dict(type='VideoClassificationLoss', loss_weight=1.0),
            loss_clu=dict(type='ClusteringLoss', loss_weight=0.02)),
        weighting=dict(
            type='SimilarityWeighting',
            coverage=0.95,
            num_updates=2,  # paper: n
            top_ratio=0.1,  # paper: k / T
            moving_rate=0.1),  # paper: lambda
        proposals=dict(
            type='ThresholdProposals',
            min_class_score=0.002,
            thresholds=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
            confidence='outer-inner*video',
            video_power=0.1,
            inflation=0.25,
            scales=[1, 3, 7])),
    nms=dict(type='TemporalNMS', method='gaussian', sigma=0.5, min_score=1e-3))
