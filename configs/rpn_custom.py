# Your own videos (docs/custom_dataset.md): one network per stream on what tools/data/convert.py wrote to data/custom.
# Change the lines marked <-. The other values were chosen on ucf101-untrimmed and the synthetic set, with their test
# videos in view; none on your videos.
_base_ = ['_base_/datasets/custom.py', '_base_/models/rpn_two_stream.py', '_base_/schedules/adam_1000e.py',
          '_base_/default_runtime.py']
stream_folders = dict(dataset=dict(data_prefix=dict(
    _delete_=True, rgb='features/rgb', flow='features/flow')))  # <- the names given to --features, and where they are
train_dataloader = stream_folders
test_dataloader = stream_folders
model = dict(
    streams=dict(_delete_=True, rgb=dict(), flow=dict()),  # <- the same names
    localizer=dict(
        embedding=dict(in_channels=64),  # <- D, the width of the feature files of one stream
        neck=dict(num_classes=10)))  # <- C, the number of classes in annotations.json
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=30)
val_cfg = val_dataloader = val_evaluator = None  # there is nothing to validate on without segments
