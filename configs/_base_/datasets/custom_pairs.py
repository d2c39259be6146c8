# Your own videos as custom.py, for methods that compare videos of a class: batches of three pairs and four others.
_base_ = 'custom.py'
train_dataloader = dict(batch_size=10, sampler=dict(_delete_=True, type='PairedClassSampler', pairs=3, rest=4))
