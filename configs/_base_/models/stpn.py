# STPN (Nguyen et al., CVPR 2018), a network for each stream, with the settings of a released reimplementation. A config
# on it states what its data decide: head.in_channels (D) and head.num_classes (C).
model = dict(
    type='MultiStreamLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    localizer=dict(
        type='WeaklySupervisedLocalizer',
        head=dict(
            type='SparsePoolingHead',
            attention_channels=256,
            loss_cls=dict(type='SigmoidBCELoss'),
            loss_norm=dict(type='AttentionNormLoss', loss_weight=0.04)),  # 1e-4 times the sum over 400 snippets
        weighting=dict(type='TakeSequences', names=['gated_activation', 'cas']),
        proposals=dict(
            type='MultiCutProposals',
            cuts=[dict(thresholds=[]), dict(thresholds=[0.05])],  # the first sequence is scored, the second is cut
            min_class_score=0.1,
            confidence='mean',
            upsample=24)),
    nms=dict(type='TemporalNMS', method='hard', threshold=0.5))
