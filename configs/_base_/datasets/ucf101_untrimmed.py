# ucf101-untrimmed: real VGG16 features of UCF101 clips on a composed timeline, 10 classes (pinned by the file):
# one feature per 16 frames at 25 fps, 0.64 s (stated by the file); D = 256 per stream.
data_root = '{{$RPN_SHARED_DATA:../shared/data}}/ucf101-untrimmed'

pipeline = [dict(type='LoadSnippets'), dict(type='PackUntrimmedInputs')]
dataset = dict(
    type='UntrimmedFeatureDataset',
    data_root=data_root,
    ann_file='annotations.json',
    data_prefix=dict(rgb='features/rgb', flow='features/flow'),
    feature_dim=256,
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
