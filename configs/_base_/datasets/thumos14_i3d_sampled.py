# THUMOS14 as thumos14_i3d.py, for methods that train on batches of 16 videos and on at most 750 snippets of each: one
# random snippet of each of so many equal parts.
_base_ = 'thumos14_i3d.py'
train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=750, mode='strata'),
            dict(type='PackUntrimmedInputs')
        ]))
auto_scale_lr = dict(base_batch_size=16)
