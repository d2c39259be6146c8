# ActivityNet 1.2 with UntrimmedNet features at the stride that the file states; else as anet12_i3d.py.
_base_ = 'anet12_i3d.py'
data_root = '{{$ANET12_UNT_ROOT:data/anet12_unt}}'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
