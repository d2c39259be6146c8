# UM (Lee et al., AAAI 2021) on all streams side by side, with the settings of its released code. A config on it states
# what its data decide: streams, embedding.in_channels (D) and head.num_classes (C).
model = dict(
    type='WeaklySupervisedLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are: the margin is a length
    embedding=dict(type='TemporalConvEmbedding', channels=[2048], kernel_size=3, dropout=0.0),
    head=dict(
        type='UncertaintyHead',
        in_channels=2048,
        dropout=0.7,
        snippet_dropout=0.7,
        action_ratio=1 / 9,
        background_ratio=1 / 4,
        loss_cls=dict(type='SoftmaxBCELoss'),
        loss_background=dict(type='SoftmaxBCELoss', logits='background_logits', uniform=True),
        loss_magnitude=dict(type='FeatureMagnitudeLoss', loss_weight=5e-4, margin=100.0)),
    weighting=dict(type='TakeSequences', names=['cas', 'magnitude']),
    proposals=dict(
        type='MultiCutProposals',
        cuts=[
            dict(thresholds=[0.025 * step for step in range(10)], normalize=True, zero_below=True),
            dict(thresholds=[0.4 + 0.025 * step for step in range(9)])
        ],
        min_class_score=0.2,
        fallback=True,
        confidence='outer-inner+video',
        video_weight=0.2,
        inflation=0.25,
        upsample=24,
        min_length=2),
    nms=dict(type='TemporalNMS', method='hard', threshold=0.6))
