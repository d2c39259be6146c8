# Your own videos, as tools/data/convert.py writes them: subset "train" needs labels only; subset "test" is scored where
# it has segments. Classes and recipe are stated by the file.
_base_ = 'untrimmed_features.py'
data_root = '{{$RPN_CUSTOM_ROOT:data/custom}}'

dataset = dict(
    data_root=data_root,
    ann_file='annotations.json',
    data_prefix=dict(rgb='features/rgb', flow='features/flow'))
train_dataloader = dict(dataset=dict(subset='train', **dataset))
val_dataloader = dict(dataset=dict(subset='test', **dataset))
test_dataloader = val_dataloader

val_evaluator = dict(type='WTALMetric', protocol='activitynet-thumos14')
test_evaluator = val_evaluator
