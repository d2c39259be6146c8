# CoLA (Zhang et al., CVPR 2021) on all streams side by side, with the settings of its released code. A config on it
# states what its data decide: streams, embedding.in_channels (D) and head.num_classes (C).
model = dict(
    type='WeaklySupervisedLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    embedding=dict(type='TemporalConvEmbedding', channels=[2048], kernel_size=3, dropout=0.0),
    head=dict(
        type='ActionnessHead',
        in_channels=2048,
        dropout=0.7,
        top_ratio=1 / 5,
        loss_cls=dict(type='SoftmaxBCELoss'),
        loss_contrast=dict(
            type='SnippetContrastLoss',
            loss_weight=0.01,
            easy_ratio=1 / 5,
            hard_ratio=1 / 20,
            inner=3,
            outer=6,
            temperature=0.07,
            dropout=0.6)),
    weighting=dict(type='TakeSequences', names=['cas', 'actionness']),
    proposals=dict(
        type='MultiCutProposals',
        cuts=[
            dict(thresholds=[0.025 * step for step in range(10)], normalize=True, zero_below=True),
            dict(thresholds=[0.1 + 0.025 * step for step in range(33)], normalize=True)
        ],
        min_class_score=0.2,
        fallback=True,
        confidence='outer-inner+video',
        video_weight=0.2,
        inflation=0.25,
        upsample=24,
        min_length=2),
    nms=dict(type='TemporalNMS', method='hard', threshold=0.6))
