# Made by tools/data/make_synthetic.py: a small THUMOS14-shaped set; classes and recipe are pinned by its file.
_base_ = 'untrimmed_features.py'
data_root = '{{$RPN_SYNTHETIC_ROOT:data/synthetic}}'

dataset = dict(
    data_root=data_root,
    ann_file='annotations.json',
    data_prefix=dict(rgb='features/rgb', flow='features/flow'),
    cache_gib=1)
train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(subset='train', **dataset))
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(subset='test', **dataset))
test_dataloader = val_dataloader

val_evaluator = dict(type='WTALMetric', protocol='activitynet-thumos14')
test_evaluator = val_evaluator
