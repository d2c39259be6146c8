# Hide-and-Seek in time on your own videos, as rpn_custom.py: $RPN_CUSTOM_ROOT. Features of any scale are standardized;
# what is unverified or ours is said in the configs that it comes from.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/hide_and_seek.py', '../_base_/schedules/adam_own_videos.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams={{_base_.streams}},
    data_preprocessor=dict(standardize=True),
    embedding=dict(in_channels={{_base_.in_channels}}),
    head=dict(num_classes={{_base_.num_classes}}))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='HideSnippets', num_stretches=16, probability=0.5),
            dict(type='PackUntrimmedInputs')
        ]))
