# THUMOS14, 20 classes, I3D features: one feature per 16 frames at 25 fps, 0.64 s; D = 1024 per stream.
# Trains on the validation set (subset "train"), tests on the test set; annotations as in BaS-Net's gt.json.
_base_ = 'untrimmed_features.py'
data_root = '{{$THUMOS14_ROOT:data/thumos14}}'
classes = [
    'BaseballPitch', 'BasketballDunk', 'Billiards', 'CleanAndJerk', 'CliffDiving', 'CricketBowling', 'CricketShot',
    'Diving', 'FrisbeeCatch', 'GolfSwing', 'HammerThrow', 'HighJump', 'JavelinThrow', 'LongJump', 'PoleVault',
    'Shotput', 'SoccerPenalty', 'TennisSwing', 'ThrowDiscus', 'VolleyballSpiking',
]
recipe = dict(fps=25, snippet_stride=16, window=16)

dataset = dict(
    data_root=data_root,
    ann_file='gt.json',
    data_prefix=dict(rgb='i3d/rgb', flow='i3d/flow'),
    metainfo=dict(classes=classes),
    recipe=recipe,
    feature_dim=1024)
train_dataloader = dict(dataset=dict(subset='train', **dataset))
val_dataloader = dict(dataset=dict(subset='test', **dataset))
test_dataloader = val_dataloader

val_evaluator = dict(type='WTALMetric', protocol='activitynet-thumos14')
test_evaluator = val_evaluator
