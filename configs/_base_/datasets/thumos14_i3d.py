# THUMOS14, 20 classes, I3D features: one feature per 16 frames at 25 fps, 0.64 s; D = 1024 per stream.
# Trains on the validation set (subset "train"), tests on the test set; annotations as in BaS-Net's gt.json.
data_root = '{{$THUMOS14_ROOT:data/thumos14}}'
classes = [
    'BaseballPitch', 'BasketballDunk', 'Billiards', 'CleanAndJerk', 'CliffDiving', 'CricketBowling', 'CricketShot',
    'Diving', 'FrisbeeCatch', 'GolfSwing', 'HammerThrow', 'HighJump', 'JavelinThrow', 'LongJump', 'PoleVault',
    'Shotput', 'SoccerPenalty', 'TennisSwing', 'ThrowDiscus', 'VolleyballSpiking',
]
recipe = dict(fps=25, snippet_stride=16, window=16)

pipeline = [dict(type='LoadSnippets'), dict(type='PackUntrimmedInputs')]
dataset = dict(
    type='UntrimmedFeatureDataset',
    data_root=data_root,
    ann_file='gt.json',
    data_prefix=dict(rgb='i3d/rgb', flow='i3d/flow'),
    metainfo=dict(classes=classes),
    recipe=recipe,
    feature_dim=1024,
    pipeline=pipeline)
train_dataloader = dict(
    batch_size=10,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(subset='train', **dataset))
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(subset='test', test_mode=True, **dataset))
test_dataloader = val_dataloader
auto_scale_lr = dict(enable=False, base_batch_size=10)

val_evaluator = dict(type='WTALMetric', protocol='activitynet-thumos14')
test_evaluator = val_evaluator
