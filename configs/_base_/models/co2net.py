# CO2-Net (Hong et al., ACM MM 2021) on two streams, with the settings of its released code. A config on it states what
# its data decide: streams, head.in_channels (D), head.split (the width of each stream) and head.num_classes (C).
guide = dict(type='AttentionGuideLoss', loss_weight=0.8 / 3)  # 0.8 times the mean over three attentions
model = dict(
    type='WeaklySupervisedLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    head=dict(
        type='CrossModalHead',
        fused_channels=2048,
        attention_channels=512,
        gate_dropout=0.5,
        dropout=0.7,
        top_ratio=1 / 7,
        score_ratio=1 / 10,
        loss_base=dict(type='VideoClassificationLoss', background=1),
        loss_suppressed=dict(type='VideoClassificationLoss', logits='suppressed_logits', background=0),
        loss_co_activity=dict(type='CoActivityLoss', pairs=3, logits='suppressed_snippet_logits'),
        loss_mutual=dict(type='MutualAttentionLoss'),
        loss_norm=dict(type='AttentionNormLoss', loss_weight=0.8),  # the mean attention's is the mean of all three
        losses=dict(
            loss_guide=guide,
            loss_guide_first=dict(attention='first_attention', **guide),
            loss_guide_second=dict(attention='second_attention', **guide))),
    weighting=dict(type='TakeSequences', names=['cas', 'attention']),
    proposals=dict(
        type='MultiCutProposals',
        cuts=[
            dict(thresholds=[]),  # the first sequence is scored, the second is cut
            dict(thresholds=[0.1 + 0.8 / 9 * step for step in range(10)])
        ],
        min_class_score=0.2,
        fallback=True,
        confidence='outer-inner+video',
        video_weight=0.2,
        inflation=0.25),
    nms=dict(type='TemporalNMS', method='gaussian', sigma=0.3, min_score=1e-3))
del guide
