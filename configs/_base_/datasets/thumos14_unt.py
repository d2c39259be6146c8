# THUMOS14 with UntrimmedNet features at the stride that the file states; else as thumos14_i3d.py.
_base_ = 'thumos14_i3d.py'
data_root = '{{$THUMOS14_UNT_ROOT:data/thumos14_unt}}'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
