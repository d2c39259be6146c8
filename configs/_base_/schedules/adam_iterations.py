# Adam with the paper's rate, for methods whose training is stated in iterations: whole epochs that hold as many.
_base_ = 'adam_1000e.py'
train_cfg = dict(type='MinItersTrainLoop', max_epochs=1)
