# P-MIL (Ren et al., CVPR 2023): a second stage on the proposals of a first one, with the settings of its released code.
# A config on it needs default_hooks.progress and states first_stage, streams, head.in_channels (D), head.split (the
# width of each stream) and head.num_classes (C). $FIRST_STAGE names the first stage's checkpoint for training.
base = dict(type='VideoClassificationLoss', loss_weight=1.0, background=1)  # 2, of the mean over two streams
attended = dict(type='VideoClassificationLoss', loss_weight=0.5, background=0)
model = dict(
    type='ProposalLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # the first stage has its own, for both
    first_stage=dict(init_cfg=dict(type='Pretrained', checkpoint='{{$FIRST_STAGE:work_dirs/first_stage.pth}}')),
    max_proposals=1000,
    head=dict(
        type='ProposalHead',
        channels=1024,
        hidden_channels=512,
        dropout=0.5,
        top_ratio=1 / 8,
        losses=dict(
            loss_base_first=dict(logits='first_base_logits', **base),
            loss_base_second=dict(logits='second_base_logits', **base),
            loss_attended_first=dict(logits='first_attended_logits', **attended),
            loss_attended_second=dict(logits='second_attended_logits', **attended),
            loss_consistency=dict(type='ProposalConsistencyLoss', loss_weight=2.0, ramp=0.15),  # 30 of 200 epochs
            loss_completeness=dict(type='CompletenessLoss', loss_weight=20.0, ramp=0.15, share=0.8))),
    min_class_score=0.2,
    video_weight=0.2,
    nms=dict(type='TemporalNMS', method='gaussian', sigma=0.3, min_score=1e-3))
del base, attended
