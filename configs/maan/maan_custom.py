# MAAN on your own videos, as rpn_custom.py: $RPN_CUSTOM_ROOT; one network on all streams side by side. The pooling is
# the released one; everything else is unverified or ours. Training takes 20 snippets of a video, as on THUMOS14: the
# expectation over drawn snippets regularizes a few of them, of hundreds it is a plain weighted mean.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/maan.py', '../_base_/schedules/adam_own_videos.py',
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
            dict(type='SampleSnippets', num_snippets=20, mode='strata'),
            dict(type='PackUntrimmedInputs')
        ]))
