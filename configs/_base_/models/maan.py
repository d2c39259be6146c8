# MAAN (Yuan et al., ICLR 2019), a network for each stream: its marginalized pooling, exactly. Its other settings are in
# no released code and unverified; those of STPN stand here, with cuts relative to the range of the sequence: ours. A
# config on it states what its data decide: head.in_channels (D) and head.num_classes (C).
model = dict(
    type='MultiStreamLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    localizer=dict(
        type='WeaklySupervisedLocalizer',
        head=dict(
            type='SparsePoolingHead',
            attention_channels=256,
            pooling='marginalized',
            loss_cls=dict(type='SigmoidBCELoss'),
            loss_norm=dict(type='AttentionNormLoss', loss_weight=0.0)),  # the weights sum to at most 1 as they are
        weighting=dict(type='TakeSequences', names=['gated_activation']),
        proposals=dict(
            type='MultiCutProposals',
            cuts=[dict(thresholds=[0.1, 0.2, 0.3, 0.4, 0.5], normalize=True)],
            min_class_score=0.1,
            confidence='mean+video',
            video_weight=0.25,
            upsample=24)),
    nms=dict(type='TemporalNMS', method='hard', threshold=0.5))
