# P-MIL on THUMOS14 with I3D features, whole videos, on CO2-Net as in its release; any other config may take its place.
# FIRST_STAGE=<checkpoint of co2net_i3d_thumos.py> before the command that trains it.
_base_ = [
    '../_base_/datasets/thumos14_i3d.py', '../_base_/models/pmil.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
from mmengine.config import Config  # noqa: E402  (_base_ first: else the host takes another kind)

first_stage = Config.fromfile('{{ fileDirname }}/../co2net/co2net_i3d_thumos.py').model
model = dict(
    first_stage=first_stage,
    streams=['rgb', 'flow'],
    head=dict(in_channels=2048, num_classes=20, split=dict(rgb=1024, flow=1024)))
optim_wrapper = dict(optimizer=dict(lr=5e-5, weight_decay=1e-3))
train_cfg = dict(max_epochs=200)
default_hooks = dict(progress=dict(type='ProgressHook'))
del Config, first_stage
