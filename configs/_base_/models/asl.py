# ASL (Ma et al., CVPR 2021) with an attention for each stream and the settings of its released code. A config on it
# states what its data decide: streams, head.in_channels (D), head.split (the width of each stream), head.num_classes.
model = dict(
    type='WeaklySupervisedLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    head=dict(
        type='ActionSelectionHead',
        channels=512,
        top_ratio=1 / 8,
        loss_cls=dict(type='VideoClassificationLoss'),
        loss_selection=dict(type='AttentionSelectionLoss', exponent=0.7)),
    proposals=dict(
        type='MultiCutProposals',
        cuts=[dict(thresholds=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])],
        min_class_score=0.25,
        fallback=True,
        confidence='outer-inner+video',
        video_weight=0.2,
        inflation=0.2,  # the released test hands its weight of the video's score over as both
        upsample=24),
    nms=dict(type='TemporalNMS', method='once', threshold=0.4, sigma=0.35))
