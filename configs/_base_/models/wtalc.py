# W-TALC (Paul et al., ECCV 2018) on all streams side by side, with the settings of its released code. A config on it
# states what its data decide: streams, embedding.in_channels (D) and head.num_classes (C).
model = dict(
    type='WeaklySupervisedLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    embedding=dict(type='TemporalConvEmbedding', channels=[2048], kernel_size=1, dropout=0.7),
    head=dict(
        type='TopKMILHead',
        in_channels=2048,
        top_ratio=1 / 8,
        score='sigmoid',
        loss_cls=dict(type='VideoClassificationLoss', loss_weight=0.5),
        losses=dict(loss_co_activity=dict(type='CoActivityLoss', loss_weight=0.5, pairs=3))),
    proposals=dict(
        type='MultiCutProposals',
        cuts=[dict(thresholds=[0.5], relative=True)],
        min_class_score=0.5,  # a logit of 0
        confidence='max+logit',
        video_weight=0.7,
        min_length=2),
    nms=None)
