# Loaders of videos of any length; the files beside this one say which videos, and in which files.
pipeline = [dict(type='LoadSnippets'), dict(type='PackUntrimmedInputs')]
train_dataloader = dict(
    batch_size=10,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(type='UntrimmedFeatureDataset', pipeline=pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(type='UntrimmedFeatureDataset', test_mode=True, pipeline=pipeline))
test_dataloader = val_dataloader
auto_scale_lr = dict(enable=False, base_batch_size=10)
