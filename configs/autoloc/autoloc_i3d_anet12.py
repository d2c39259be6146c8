# AutoLoc on ActivityNet 1.2 with I3D features, as autoloc_i3d_thumos.py, with the released anchors and schedule (about
# one pass); FIRST_STAGE=<checkpoint of untrimmednet_i3d_anet12.py> before the command that trains it.
_base_ = [
    '../_base_/datasets/anet12_i3d.py', '../_base_/models/autoloc.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
from mmengine.config import Config  # noqa: E402  (_base_ first: else the host takes another kind)

first_stage = Config.fromfile('{{ fileDirname }}/../untrimmednet/untrimmednet_i3d_anet12.py').model
model = dict(
    first_stage=first_stage,
    streams=['rgb', 'flow'],
    head=dict(in_channels=2048, num_classes=100, anchors=[16, 32, 64, 128, 256, 512]))
train_dataloader = dict(batch_size=1)
auto_scale_lr = dict(base_batch_size=1)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='SGD', lr=1e-3, weight_decay=5e-4))
train_cfg = dict(min_iters=4706)
del Config, first_stage
