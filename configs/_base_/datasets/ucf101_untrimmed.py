# ucf101-untrimmed: real VGG16 features of UCF101 clips on a composed timeline, 10 classes (pinned by the file):
# one feature per 16 frames at 25 fps, 0.64 s (stated by the file); D = 256 per stream.
_base_ = 'untrimmed_features.py'
data_root = '{{$RPN_SHARED_DATA:../shared/data}}/ucf101-untrimmed'

dataset = dict(
    data_root=data_root,
    ann_file='annotations.json',
    data_prefix=dict(rgb='features/rgb', flow='features/flow'),
    feature_dim=256,
    cache_gib=1)
train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(subset='train', **dataset))
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(subset='test', **dataset))
test_dataloader = val_dataloader

val_evaluator = dict(type='WTALMetric', protocol='activitynet-thumos14')
test_evaluator = val_evaluator
