# AutoLoc on your own videos, on UntrimmedNet's head, as rpn_custom.py: $RPN_CUSTOM_ROOT. FIRST_STAGE=<checkpoint of
# untrimmednet_custom.py> before the command that trains it. Loss and test are those of the released code without its
# prior on annotated lengths; rate and length of training are ours.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/autoloc.py', '../_base_/schedules/adam_own_videos.py',
    '../_base_/default_runtime.py'
]
from mmengine.config import Config  # noqa: E402  (_base_ first: else the host takes another kind)

first_stage = Config.fromfile('{{ fileDirname }}/../untrimmednet/untrimmednet_custom.py').model
model = dict(
    first_stage=first_stage,
    streams={{_base_.streams}},
    head=dict(in_channels={{_base_.in_channels}}, num_classes={{_base_.num_classes}}))
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
del Config, first_stage
