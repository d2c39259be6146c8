# MAAN on THUMOS14 with I3D features: 20 snippets of a video in training (unverified), the schedule of STPN here: ours.
_base_ = [
    '../_base_/datasets/thumos14_i3d.py', '../_base_/models/maan.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(rgb=dict(), flow=dict()),
    localizer=dict(head=dict(in_channels=1024, num_classes=20)))
train_dataloader = dict(
    batch_size=6,
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=20, mode='strata'),
            dict(type='PackUntrimmedInputs')
        ]))
auto_scale_lr = dict(base_batch_size=6)
train_cfg = dict(min_iters=23000)
