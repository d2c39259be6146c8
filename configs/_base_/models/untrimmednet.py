# UntrimmedNet (Wang et al., CVPR 2017) with soft selection, its head on features as they are, a network for each stream
# whose scores are averaged before they are cut. A config on it states what its data decide: head.in_channels (D) and
# head.num_classes (C).
model = dict(
    type='MultiStreamLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    averaged=True,
    localizer=dict(
        type='WeaklySupervisedLocalizer',
        head=dict(type='UntrimmedNetHead', selection='soft', dropout=0.8, attention_temperature=3.0),
        proposals=dict(
            type='MultiCutProposals',
            cuts=[dict(thresholds=[0.5], of_maximum=True)],
            min_class_score=0.1,
            confidence='mean+video',
            video_weight=0.2)),
    nms=None)
