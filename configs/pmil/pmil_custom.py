# P-MIL on your own videos with two streams, on RPN, as rpn_custom.py: $RPN_CUSTOM_ROOT. FIRST_STAGE=<checkpoint of
# rpn_custom.py> before the command that trains it. Losses and test are those of the released code; widths, rate and
# length of training are ours.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/pmil.py', '../_base_/schedules/adam_own_videos.py',
    '../_base_/default_runtime.py'
]
from mmengine.config import Config  # noqa: E402  (_base_ first: else the host takes another kind)

first_stage = Config.fromfile('{{ fileDirname }}/../rpn_custom.py').model
model = dict(
    first_stage=first_stage,
    streams={{_base_.streams}},
    head=dict(
        in_channels={{_base_.in_channels}}, num_classes={{_base_.num_classes}}, split={{_base_.widths}}, channels=256,
        hidden_channels=128))
optim_wrapper = dict(optimizer=dict(lr=5e-4, weight_decay=1e-3))
default_hooks = dict(progress=dict(type='ProgressHook'))
del Config, first_stage
