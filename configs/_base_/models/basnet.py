# BaS-Net (Lee et al., AAAI 2020) on all streams side by side, with the settings of its released code. A config on it
# states what its data decide: streams, head.in_channels (D) and head.num_classes (C).
model = dict(
    type='WeaklySupervisedLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    head=dict(
        type='BackgroundSuppressionHead',
        channels=[2048, 2048],
        filter_channels=512,
        kernel_size=3,
        dropout=0.7,
        top_ratio=1 / 8,
        loss_base=dict(type='SoftmaxBCELoss', background=1),
        loss_suppressed=dict(type='SoftmaxBCELoss', logits='suppressed_logits', background=0),
        loss_norm=dict(type='AttentionNormLoss', loss_weight=0.075)),  # 1e-4 times the sum over 750 snippets
    proposals=dict(
        type='MultiCutProposals',
        cuts=[dict(thresholds=[0.025 * step for step in range(10)], normalize=True, zero_below=True)],
        min_class_score=0.25,
        confidence='outer-inner',  # the released code adds one number for every class that it keeps
        inflation=0.25,
        upsample=24),
    nms=dict(type='TemporalNMS', method='hard', threshold=0.7))
