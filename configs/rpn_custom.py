# Your own videos (docs/custom_dataset.md): one network per stream on what tools/data/convert.py wrote to data/custom.
# Change the lines marked <-. Nothing here was chosen by anybody's test videos; the values are those of the base files.
_base_ = ['_base_/datasets/custom.py', '_base_/models/rpn_two_stream.py', '_base_/schedules/adam_1000e.py',
          '_base_/default_runtime.py']
model = dict(
    streams=dict(rgb=dict(), flow=dict()),  # <- the names given to --features
    localizer=dict(
        embedding=dict(in_channels=64),  # <- D, the width of the feature files of one stream
        neck=dict(num_classes=10)))  # <- C, the number of classes in annotations.json
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=30)
val_cfg = val_dataloader = val_evaluator = None  # there is nothing to validate on without segments
