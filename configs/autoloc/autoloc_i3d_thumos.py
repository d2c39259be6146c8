# AutoLoc on THUMOS14 with I3D features, on UntrimmedNet's head; FIRST_STAGE=<checkpoint of untrimmednet_i3d_thumos.py>
# before the command that trains it. Schedule of the released code, with its features (UntrimmedNet, 15 frames).
_base_ = [
    '../_base_/datasets/thumos14_i3d.py', '../_base_/models/autoloc.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
from mmengine.config import Config  # noqa: E402  (_base_ first: else the host takes another kind)

first_stage = Config.fromfile('{{ fileDirname }}/../untrimmednet/untrimmednet_i3d_thumos.py').model
model = dict(first_stage=first_stage, streams=['rgb', 'flow'], head=dict(in_channels=2048, num_classes=20))
train_dataloader = dict(batch_size=1)
auto_scale_lr = dict(base_batch_size=1)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='SGD', lr=1e-3, weight_decay=5e-4))
train_cfg = dict(min_iters=200)
del Config, first_stage
