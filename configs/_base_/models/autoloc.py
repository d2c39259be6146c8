# AutoLoc (Shou et al., ECCV 2018) without its prior on annotated lengths, the setting that its release calls org:
# borders are regressed on the scores of a first stage. A config on it states first_stage, streams, head.in_channels (D)
# and head.num_classes (C). $FIRST_STAGE names the first stage's checkpoint for training.
model = dict(
    type='BoundaryLocalizer',
    data_preprocessor=dict(type='SnippetDataPreprocessor'),  # the first stage has its own, for both
    first_stage=dict(init_cfg=dict(type='Pretrained', checkpoint='{{$FIRST_STAGE:work_dirs/first_stage.pth}}')),
    attention_level=1.0,  # ours, of the mean; the released code takes logits above 7 of its own network
    num_classes_per_video=2,
    head=dict(
        type='BoundaryHead', channels=128, anchors=[1, 2, 4, 8, 16, 32], min_heat=0.1, min_score=0.3, overlap=0.4),
    nms=None)
