# THUMOS14 as thumos14_i3d.py, for methods that compare videos of a class: batches of three pairs and four others, of at
# most 320 snippets, one random snippet of each of so many equal parts.
_base_ = 'thumos14_i3d.py'
train_dataloader = dict(
    batch_size=10,
    sampler=dict(_delete_=True, type='PairedClassSampler', pairs=3, rest=4),
    dataset=dict(
        pipeline=[
            dict(type='LoadSnippets'),
            dict(type='SampleSnippets', num_snippets=320, mode='strata'),
            dict(type='PackUntrimmedInputs')
        ]))
