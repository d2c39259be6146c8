# Made by tools/data/make_synthetic.py: a small THUMOS14-shaped set; classes and recipe are pinned by its file.
data_root = '{{$RPN_SYNTHETIC_ROOT:data/synthetic}}'

pipeline = [dict(type='LoadSnippets'), dict(type='PackUntrimmedInputs')]
dataset = dict(
    type='UntrimmedFeatureDataset',
    data_root=data_root,
    ann_file='annotations.json',
    data_prefix=dict(rgb='features/rgb', flow='features/flow'),
    cache='ram',
    pipeline=pipeline)
train_dataloader = dict(
    batch_size=10,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(subset='train', **dataset))
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(subset='test', test_mode=True, **dataset))
test_dataloader = val_dataloader
auto_scale_lr = dict(enable=False, base_batch_size=10)

val_evaluator = dict(type='WTALMetric', protocol='activitynet-thumos14')
test_evaluator = val_evaluator
