# ACM-Net (Qu et al., 2021) on all streams side by side, with the settings of its released code. A config on it states
# what its data decide: streams, embedding.in_channels (D) and head.num_classes (C).
model = dict(
    type='WeaklySupervisedLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are: the margin is a length
    embedding=dict(type='TemporalConvEmbedding', channels=[2048], kernel_size=3, dropout=0.0),
    head=dict(
        type='ThreeWayAttentionHead',
        in_channels=2048,
        dropout=0.7,
        snippet_dropout=0.7,
        top_ratios=[1 / 8, 1 / 3, 1 / 3],
        # Sums over 750 snippets in the released code: 2e-3 and 2e-4 / 2 times 750.
        loss_guide=dict(type='AttentionGuideLoss', loss_weight=1.5, attention='instance', detach_attention=True),
        loss_magnitude=dict(type='MagnitudeOrderLoss', loss_weight=5e-5, margin=50.0),
        loss_norm_instance=dict(type='AttentionNormLoss', loss_weight=0.075, attention='instance'),
        loss_norm_context=dict(type='AttentionNormLoss', loss_weight=0.075, attention='context')),
    weighting=dict(type='TakeSequences', names=['cas', 'instance']),
    proposals=dict(
        type='MultiCutProposals',
        cuts=[
            dict(thresholds=[0.15, 0.2], zero_below=True),
            dict(thresholds=[0.15 + 0.05 * step for step in range(17)])
        ],
        min_class_score=0.25,
        fallback=True,
        confidence='outer-inner',
        inflation=0.2,
        upsample=20,
        min_length=2),
    nms=dict(type='TemporalNMS', method='hard', threshold=0.55))
