# Live mode: THUMOS14's video files in, no feature files. Frames go through a frozen MMAction2 backbone (ResNet-18, one
# frame per snippet) inside the model, then through RPN on that one stream.
# The backbone is random as it stands; with weights: encoder=dict(checkpoint='tsn_r18.pth'), a local file.
_base_ = [
    '../_base_/datasets/thumos14_videos.py', '../_base_/models/rpn_two_stream.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(_delete_=True, rgb=dict()),
    localizer=dict(embedding=dict(in_channels=512), neck=dict(num_classes=20)),
    data_preprocessor=dict(
        type='VideoDataPreprocessor',
        encoder=dict(
            type='FrozenSnippetEncoder',
            checkpoint=None,
            recognizer=dict(
                type='Recognizer2D',
                backbone=dict(type='ResNet', depth=18),
                data_preprocessor=dict(
                    type='ActionDataPreprocessor',
                    mean=[123.675, 116.28, 103.53],
                    std=[58.395, 57.12, 57.375],
                    format_shape='NCHW')))))
