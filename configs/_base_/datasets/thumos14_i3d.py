# THUMOS14, 20 classes, I3D features, as tools/data/convert.py writes them from any release (docs/layouts): one
# feature per 16 frames at 25 fps, 0.64 s (stated by the file, as are the classes); D = 1024 per stream.
# Trains on the validation set (subset "train"), tests on the test set.
_base_ = 'untrimmed_features.py'
data_root = '{{$THUMOS14_ROOT:data/thumos14_i3d}}'

dataset = dict(
    data_root=data_root,
    ann_file='annotations.json',
    data_prefix=dict(rgb='features/rgb', flow='features/flow'),
    feature_dim=1024)
train_dataloader = dict(dataset=dict(subset='train', **dataset))
val_dataloader = dict(dataset=dict(subset='test', **dataset))
test_dataloader = val_dataloader

val_evaluator = dict(type='WTALMetric', protocol='activitynet-thumos14')
test_evaluator = val_evaluator
