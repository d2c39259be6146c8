# Hide-and-Seek (Singh and Lee, ICCV 2017) in time: the mean of a temporal network's class activations is the video's
# score; its training hides snippets (HideSnippets in the pipeline). Sizes are ours; unverified: the cut at half of the
# maximum, and that likely classes are those of 0.1. A config on it states what its data decide: streams,
# embedding.in_channels (D) and head.num_classes (C).
model = dict(
    type='WeaklySupervisedLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # features as they are
    embedding=dict(type='TemporalConvEmbedding', channels=[512], kernel_size=3, dropout=0.0),
    head=dict(type='TopKMILHead', in_channels=512, top_ratio=1.0),
    proposals=dict(
        type='MultiCutProposals',
        cuts=[dict(thresholds=[0.5], of_maximum=True)],
        min_class_score=0.1,
        confidence='mean+video',
        video_weight=1.0),
    nms=None)
