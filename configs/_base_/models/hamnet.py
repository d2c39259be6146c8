# HAM-Net (Islam et al., AAAI 2021) on all streams side by side, with the settings of its released code. A config on it
# states what its data decide: streams, head.in_channels (D) and head.num_classes (C).
model = dict(
    type='WeaklySupervisedLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    head=dict(
        type='HybridAttentionHead',
        channels=[2048, 2048],
        attention_channels=[512, 512],
        kernel_size=3,
        dropout=0.7,
        erased_above=0.2,
        top_ratio=1 / 10,
        loss_base=dict(type='VideoClassificationLoss', loss_weight=0.8, background=1),
        loss_hard=dict(type='VideoClassificationLoss', loss_weight=0.2, logits='hard_logits', background=1),
        loss_attended=dict(type='VideoClassificationLoss', loss_weight=0.8, logits='attended_logits', background=0),
        loss_semi_soft=dict(type='VideoClassificationLoss', loss_weight=0.2, logits='semi_soft_logits', background=0),
        loss_norm=dict(type='AttentionNormLoss', loss_weight=0.8),
        loss_guide=dict(type='AttentionGuideLoss', loss_weight=0.8)),
    weighting=dict(type='TakeSequences', names=['cas', 'attention']),
    proposals=dict(
        type='MultiCutProposals',
        cuts=[
            dict(thresholds=[]),  # the first sequence is scored, the second is cut
            dict(thresholds=[0.1 + 0.8 / 9 * step for step in range(10)])
        ],
        min_class_score=0.2,
        confidence='outer-inner+video',
        video_weight=0.2,
        inflation=0.25),
    nms=dict(type='TemporalNMS', method='gaussian', sigma=0.3, min_score=1e-3))
