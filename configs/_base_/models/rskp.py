# RSKP (Huang et al., CVPR 2022) on all streams side by side, with the settings of its released code. A config on it
# needs default_hooks.memory and states what its data decide: streams, embedding.in_channels (D), head.num_classes (C).
cross_entropy = dict(type='VideoClassificationLoss')
model = dict(
    type='WeaklySupervisedLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    embedding=dict(type='TemporalConvEmbedding', channels=[2048], kernel_size=1, dropout=0.6),
    head=dict(
        type='RepresentativeSnippetHead',
        in_channels=2048,
        losses=dict(
            loss_video=dict(background=0, **cross_entropy),
            loss_walked=dict(logits='walked_logits', background=0, **cross_entropy),
            loss_background=dict(loss_weight=0.2, logits='background_logits', background=1, **cross_entropy),
            loss_walked_background=dict(
                loss_weight=0.2, logits='walked_background_logits', background=1, **cross_entropy),
            loss_contrast=dict(type='AttentionContrastLoss', loss_weight=0.1),
            loss_distillation=dict(type='DistillationLoss')),
        memory_losses=dict(
            loss_memory=dict(loss_weight=0.5, logits='memory_logits', background=0, **cross_entropy),
            loss_memory_background=dict(
                loss_weight=0.1, logits='memory_background_logits', background=1, **cross_entropy),
            loss_distillation=dict(type='DistillationLoss', loss_weight=0.5, teacher='teacher_logits'))),
    weighting=dict(type='TakeSequences', names=['over_uniform']),
    proposals=dict(
        type='MultiCutProposals',
        cuts=[dict(thresholds=[0.021 + 0.042 * step for step in range(20)])],  # 0.001 to 0.039 of 21 classes
        min_class_score=0.1,
        confidence='outer-inner',
        inflation=0.25,
        min_length=2),
    nms=dict(type='TemporalNMS', method='hard', overlap='own', threshold=0.5))
del cross_entropy
