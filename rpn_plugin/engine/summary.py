"""The first lines of a training: what is trained on what, how long, where, and where results go."""
from __future__ import annotations

from mmengine.dist import get_world_size
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, Runner

from rpn_plugin.engine.hooks.training_sets import innermost_datasets


def describe_training(runner: Runner) -> list[str]:
    """Describe a training that is about to start, a line for each: data, model, schedule, device, results."""
    loader, loop = runner.train_dataloader, runner.train_loop
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    classes = (getattr(loader.dataset, 'metainfo', None) or {}).get('classes')
    parameters = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    device, processes = next(model.parameters()).device, get_world_size()
    file = getattr(next(innermost_datasets(loader.dataset)), 'ann_file', '')
    lines = [f'data: {len(loader.dataset)} training videos' + (f' of {len(classes)} classes' if classes else '')
             + (f', {file}' if file else ''),
             f'model: {type(model).__name__}, {parameters} parameters to train',
             'schedule: ' + (f'{loop.max_epochs} epochs of {len(loader)}' if isinstance(loop, EpochBasedTrainLoop) else
                             f'{loop.max_iters}') + f' iterations with {loader.batch_size} videos each'
             + ('' if processes == 1 else f' on each of {processes} processes')]
    if isinstance(runner.optim_wrapper, OptimWrapper):
        groups = runner.optim_wrapper.param_groups
        lines[-1] += f'; {type(runner.optim_wrapper.optimizer).__name__}, learning rate {groups[0]["lr"]:g}'
    return [*lines, f'device: {device}; seed {runner.seed}', f'results: {runner.work_dir}, the full log in '
                                                             f'{runner.log_dir}']
