# FAC-Net (Huang et al., ICCV 2021), a network for each stream, with the settings of its released code. A config on it
# states what its data decide: embedding.in_channels (D) and head.num_classes (C).
model = dict(
    type='MultiStreamLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    localizer=dict(
        type='WeaklySupervisedLocalizer',
        embedding=dict(type='TemporalConvEmbedding', channels=[1024, 1024], kernel_size=1, dropout=0.5),
        head=dict(
            type='FACHead',
            in_channels=1024,
            scale=5.0,
            video_scale=10.0,
            instance_scale=2.0,
            temperatures=[1.0, 2.0, 5.0],
            loss_class_wise=dict(
                type='VideoClassificationLoss', loss_weight=1.0, logits='class_wise_logits', background=0),
            loss_agnostic=dict(type='VideoClassificationLoss', loss_weight=0.1, background=0),
            loss_instance=dict(
                type='VideoClassificationLoss', loss_weight=0.1, logits='instance_logits', background=1)),
        weighting=dict(type='TakeSequences', names=['over_uniform']),
        proposals=dict(
            type='MultiCutProposals',
            cuts=[dict(thresholds=[0.63, 0.735, 0.84, 0.945, 1.05])],  # 0.03 to 0.05 of 21 classes
            min_class_score=0.1,
            confidence='outer-inner',
            inflation=0.25,
            outer_weight=0.6,
            min_length=3)),
    network_nms=dict(type='TemporalNMS', method='hard', overlap='own', threshold=0.2),
    nms=dict(type='TemporalNMS', method='hard', overlap='own', threshold=0.9))
