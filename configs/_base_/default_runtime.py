default_scope = 'mmaction'
custom_imports = dict(imports=['rpn_plugin'], allow_failed_imports=False)

default_hooks = dict(
    runtime_info=dict(type='LossRecordHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='TrainingLoggerHook', interval=200),  # iterations: 100 lines for 1000 epochs of 20
    param_scheduler=dict(type='ParamSchedulerHook'),
    # The last epoch is what counts: choosing one by its test score (save_best) would select on the test set.
    checkpoint=dict(type='AtomicCheckpointHook', interval=50, max_keep_ckpts=3, save_best=None),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    step_seed=dict(type='StepSeedHook'),
    short_history=dict(type='ShortHistoryHook'),
    sync_buffers=dict(type='SyncBuffersHook'),
    # Here and not in custom_hooks, a list: so a run adds a hook by one line (default_hooks.ema.type=EMAHook).
    config_check=dict(type='ConfigCheckHook'),
    work_dir_lock=dict(type='WorkDirLockHook'),
    cooccurrence=dict(type='CooccurrenceHook'),
    standardization=dict(type='StandardizationHook'),
    interruption=dict(type='InterruptionHook'),  # Ctrl-C and SIGTERM save a checkpoint
    results=dict(type='ResultsHook'),  # results.json and results.png
    nothing_detected=dict(type='NothingDetectedHook'),
    diagnosis=dict(type='DiagnosisHook'))

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
# device_ids=None: the model is on its device already, and processes without a GPU have no device to name.
model_wrapper_cfg = dict(type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False)

log_processor = dict(type='LogProcessor', window_size=20, by_epoch=True)
# TensorBoard, once installed: --cfg-options visualizer.vis_backends.0.type=TensorboardVisBackend
vis_backends = [dict(type='LocalVisBackend')]
# Timelines during validation: default_hooks.visualization.type=LocalizationVisualizationHook
visualizer = dict(type='WTALVisualizer', vis_backends=vis_backends)
log_level = 'INFO'
load_from = None
resume = False
