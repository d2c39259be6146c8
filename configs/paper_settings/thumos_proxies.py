# As thumos_one_length.py, but for what the first author's next released code (FAC-Net) states: layers, dropout, Adam's
# betas and decay, confidences, suppression per stream and of both. Proxies: not the paper's values.
_base_ = [
    '../_base_/datasets/custom.py', '../_base_/models/rpn_one_length.py', '../_base_/schedules/adam_own_videos.py',
    '../_base_/default_runtime.py'
]
model = dict(
    streams=dict(
        rgb=dict(embedding=dict(in_channels={{_base_.widths.rgb}})),
        flow=dict(embedding=dict(in_channels={{_base_.widths.flow}}))),
    weights=dict(rgb=0.1),
    localizer=dict(
        embedding=dict(in_channels=1, channels=[256, 256], kernel_size=1, dropout=0.5),  # twice 1024 there
        neck=dict(num_classes={{_base_.num_classes}}),
        proposals=dict(
            _delete_=True,
            type='MultiCutProposals',
            cuts=[dict(thresholds=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], relative=True)],
            min_class_score=0.1,
            confidence='outer-inner',
            outer_weight=0.6,
            inflation=0.25)),
    network_nms=dict(type='TemporalNMS', method='hard', overlap='own', threshold=0.2),
    nms=dict(_delete_=True, type='TemporalNMS', method='hard', overlap='own', threshold=0.9))
# The paper: Adam, learning rate 1e-4, 1000 epochs. FAC-Net: its betas and decay.
optim_wrapper = dict(optimizer=dict(lr=1e-4, betas=(0.9, 0.99), weight_decay=5e-4))
param_scheduler = None
train_cfg = dict(max_epochs=1000, min_iters=0)
