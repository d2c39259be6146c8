# MMAction2's own BMN with our suppression and metric, on the features of rpn_synthetic.py. FULLY SUPERVISED: it trains
# on segments, which test_mode=True on its training set hands out. What it finds has no classes, so neither has its mAP;
# test_evaluator.class_agnostic=True scores the weakly supervised models the same way. Sizes are ours, for 2 cores.
_base_ = ['../_base_/datasets/synthetic.py', '../_base_/schedules/adam_1000e.py', '../_base_/default_runtime.py']
length = 48
pipeline = [
    dict(type='LoadSnippets'),
    dict(type='RescaleSnippets', length=length),
    dict(type='GenerateLocalizationLabels'),
    dict(
        type='PackLocalizationInputs',
        keys=('gt_bbox', ),
        meta_keys=('video_name', 'duration_second', 'duration_frame', 'feature_frame', 'annotations')),
]
train_dataloader = dict(dataset=dict(test_mode=True, pipeline=pipeline, feature_dim=64))
val_dataloader = dict(dataset=dict(pipeline=pipeline, feature_dim=64))
test_dataloader = val_dataloader
model = dict(
    type='HostLocalizer',
    localizer=dict(
        type='BMN',
        temporal_dim=length,
        feat_dim=128,
        boundary_ratio=0.5,
        num_samples=8,
        num_samples_per_bin=3,
        hidden_dim_1d=64,
        hidden_dim_2d=32,
        hidden_dim_3d=64,
        soft_nms_alpha=0.4,  # the host's own suppression starts above tIoU 1, which is never: ours follows
        soft_nms_low_threshold=1.0,
        soft_nms_high_threshold=1.0,
        post_process_top_k=100),
    nms=dict(type='TemporalNMS', method='gaussian', sigma=0.5, min_score=1e-3))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=30, val_interval=30)
val_evaluator = dict(class_agnostic=True)
test_evaluator = val_evaluator
