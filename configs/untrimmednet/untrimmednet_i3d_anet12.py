# UntrimmedNet's head on ActivityNet 1.2 with I3D features, as untrimmednet_i3d_thumos.py, with the schedule by which
# its authors train their rgb backbone on ActivityNet.
_base_ = [
    '../_base_/datasets/anet12_i3d.py', '../_base_/models/untrimmednet.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(streams=dict(rgb=dict(), flow=dict()), localizer=dict(head=dict(in_channels=1024, num_classes=100)))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=7, mode='strata'),
            dict(type='PackUntrimmedInputs')
        ]))
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4),
    clip_grad=dict(max_norm=20))
param_scheduler = dict(type='StepLR', step_size=6000, gamma=0.1, by_epoch=False)
train_cfg = dict(min_iters=15000)
