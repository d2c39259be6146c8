# The same videos with UntrimmedNet features: one feature per 16 frames at 25 fps, 0.64 s; D = 1024 per stream.
_base_ = 'anet12_i3d.py'
data_prefix = dict(rgb='unt/rgb', flow='unt/flow')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = dict(dataset=dict(data_prefix=data_prefix))
