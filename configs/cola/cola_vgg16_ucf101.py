# CoLA on ucf101-untrimmed with the settings of its released code: 800 iterations of 16 videos of up to 200 snippets,
# features as they are. Its last iteration counts.
_base_ = [
    '../_base_/datasets/ucf101_untrimmed.py', '../_base_/models/cola.py', '../_base_/schedules/adam_1000e.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=['rgb', 'flow'], embedding=dict(in_channels=512), head=dict(num_classes=10))
train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=200, mode='strata'),
            dict(type='PackUntrimmedInputs')
        ]))
auto_scale_lr = dict(base_batch_size=16)
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
train_cfg = dict(type='MinItersTrainLoop', max_epochs=1, min_iters=800)
