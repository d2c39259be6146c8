# UntrimmedNet's head on your own videos, as rpn_custom.py: $RPN_CUSTOM_ROOT; one network on all streams side by side.
# Loss and test are those of the released code; features of any scale are standardized, and optimizer, rate and length
# of training are ours.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/untrimmednet.py', '../_base_/schedules/adam_own_videos.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(both=dict(streams={{_base_.streams}})),
    data_preprocessor=dict(standardize=True),
    localizer=dict(head=dict(in_channels={{_base_.in_channels}}, num_classes={{_base_.num_classes}})))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=7, mode='strata'),
            dict(type='PackUntrimmedInputs')
        ]))
