# CMCS (Liu et al., CVPR 2019), a network for each stream whose logits are averaged before they are cut (late fusion),
# with the settings of its released code for THUMOS14 and I3D features. Its hard negatives are found by the features,
# not by the optical flow of frames. A config on it states what its data decide: head.in_channels (D) and
# head.num_classes (C).
model = dict(
    type='MultiStreamLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    averaged=True,
    mean='geometric',  # of probabilities: the softmax of mean logits
    localizer=dict(
        type='WeaklySupervisedLocalizer',
        head=dict(
            type='MultiBranchHead',
            num_branches=4,
            shared_channels=32,
            branch_channels=16,
            attention_channels=16,
            dropout=0.5,
            still=dict(quantile=0.25, window=3, min_length=3, min_share=0.05, max_share=0.3),
            loss_cls=dict(type='VideoClassificationLoss'),
            loss_diversity=dict(type='BranchDiversityLoss', loss_weight=0.2),
            loss_norm=dict(type='BranchNormLoss', loss_weight=0.2)),
        proposals=dict(
            type='MultiCutProposals',
            cuts=[dict(thresholds=[1.0], normalize=True, of_mean=True)],
            min_class_score=0.1,
            confidence='outer-inner+video',
            video_weight=0.25,
            inflation=0.25,
            upsample=16,  # points are frames
            dilation=0.625)),  # an element of 20 frames
    nms=None)
