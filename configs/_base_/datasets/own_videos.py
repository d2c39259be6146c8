# Your own videos, whatever they are: subset "train" needs labels only; subset "test" is scored where it has segments.
_base_ = 'untrimmed_features.py'
dataset = dict(ann_file='annotations.json', cache_gib=2)
train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(subset='train', **dataset))
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(subset='test', **dataset))
test_evaluator = dict(type='WTALMetric', protocol='activitynet-thumos14')
val_cfg = val_dataloader = val_evaluator = None  # there is nothing to validate on without segments
