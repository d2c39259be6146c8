# Your own videos (docs/custom_dataset.md): what tools/data/convert.py wrote to data/custom, or to $RPN_CUSTOM_ROOT.
# Nothing has to be typed: streams, widths and classes are read off the data.
_base_ = ['_base_/datasets/custom.py', '_base_/models/rpn_one_length.py', '_base_/schedules/adam_own_videos.py',
          '_base_/default_runtime.py']
model = dict(
    streams=dict(both=dict(streams={{_base_.streams}})),
    localizer=dict(
        embedding=dict(in_channels={{_base_.in_channels}}),
        neck=dict(num_classes={{_base_.num_classes}})))
