# Ours, for videos of any kind and number: Adam at a rate that is annealed; 20 epochs, and at least 1000 iterations.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = dict(type='CosineAnnealingLR', eta_min_ratio=0.05, convert_to_iter_based=True)
train_cfg = dict(type='MinItersTrainLoop', max_epochs=20, min_iters=1000)
test_cfg = dict(type='TestLoop')
