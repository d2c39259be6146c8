# STPN on THUMOS14 with I3D features; schedule of a released reimplementation, which is best at 22 to 25 thousand
# iterations: the last one counts here.
_base_ = [
    '../_base_/datasets/thumos14_i3d.py', '../_base_/models/stpn.py', '../_base_/schedules/adam_iterations.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(rgb=dict(), flow=dict()),
    scored_by=dict(rgb=['rgb', 'flow'], flow=['rgb', 'flow']),
    localizer=dict(head=dict(in_channels=1024, num_classes=20)))
train_dataloader = dict(
    batch_size=6,
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=400, mode='strata'),
            dict(type='PackUntrimmedInputs')
        ]))
auto_scale_lr = dict(base_batch_size=6)
train_cfg = dict(min_iters=23000)
