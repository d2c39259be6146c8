"""What tests run on ranks of a group, see processes.py."""
from __future__ import annotations

import hashlib
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import config_data
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.dist import all_reduce, get_rank, get_world_size, is_distributed
from mmengine.hooks import Hook
from mmengine.registry import MODEL_WRAPPERS, init_default_scope
from mmengine.runner import Runner

from rpn_plugin.datasets import UntrimmedFeatureDataset
from rpn_plugin.engine.hooks import interruption_hook
from rpn_plugin.models.necks import CooccurrenceGCN

REPOSITORY = Path(__file__).resolve().parents[1]
SYNTHETIC = str(REPOSITORY / 'configs' / 'rpn_synthetic.py')


def model_and_batch(videos: Sequence[Sequence[int]]) -> tuple[torch.nn.Module, dict[str, Any]]:
    """The two-stream model in float64 without dropout, and made features of videos with these labels."""
    init_default_scope('mmaction')
    config = Config.fromfile(SYNTHETIC).model
    config.localizer.embedding.dropout = 0.0
    torch.manual_seed(0)
    model = MODELS.build(config).double()
    for module in model.modules():
        if isinstance(module, CooccurrenceGCN):
            module.set_cooccurrence(torch.full((10, 10), 0.3).fill_diagonal_(0), 'test')
    batch: dict[str, Any] = dict(inputs=dict(rgb=[], flow=[]), data_samples=[])
    for labels in videos:
        rng = np.random.default_rng(list(labels))
        length = int(rng.integers(5, 20))
        for features in batch['inputs'].values():
            features.append(torch.from_numpy(rng.standard_normal((length, 64))))
        batch['data_samples'].append(ActionDataSample().set_gt_label(list(labels)))
    return model, batch


def gradients(shares: Sequence[Sequence[Sequence[int]]]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Gradients after a backward pass on this rank's share of the videos, and the rank's losses."""
    model, batch = model_and_batch(shares[get_rank()])
    data = model.data_preprocessor(batch, training=True)
    if is_distributed():
        config = Config.fromfile(SYNTHETIC).model_wrapper_cfg
        model = MODEL_WRAPPERS.build(config, default_args=dict(module=model))
    total, losses = getattr(model, 'module', model).parse_losses(model(**data, mode='loss'))
    total.backward()
    return ({name.removeprefix('module.'): parameter.grad.numpy() for name, parameter in model.named_parameters()},
            {name: value.item() for name, value in losses.items()})


def two_steps_of_every_config(root: str, paths: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Number of steps and a digest of the state after them, by config."""
    outcome = {}
    for path in paths:
        folder = Path(root) / path.replace('/', '_')
        if get_rank() == 0:
            config_data.write_one_video(folder / 'data')
        torch.distributed.barrier()
        config_data.point_to(folder / 'data', os.environ.__setitem__)
        config = config_data.shorten(Config.fromfile(REPOSITORY / path), folder / 'work')
        if get_rank() == 0:
            config_data.make_data(config)
        torch.distributed.barrier()
        config.update(launcher='pytorch', experiment_name=path, log_level='ERROR', val_cfg=None, val_dataloader=None,
                      val_evaluator=None)
        config.train_dataloader.batch_size = config_data.VIDEOS_PER_SUBSET // get_world_size() // 2
        runner = Runner.from_cfg(config)
        runner.train()
        outcome[path] = (runner.iter, digest(runner.model.module))
    return outcome


def digest(model: torch.nn.Module) -> str:
    """Equal for models of equal state, bit for bit."""
    return hashlib.sha256(b''.join(value.numpy().tobytes() for value in model.state_dict().values())).hexdigest()


class LossesOfEveryStep(Hook):
    """Keeps the loss of every training step, averaged over the ranks."""

    def before_train(self, runner: Runner) -> None:
        self.losses: list[float] = []

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        loss = outputs['loss'].clone()
        all_reduce(loss, op='mean')
        self.losses.append(loss.item())


def train(work_dir: str, global_batch: int) -> dict[str, Any]:
    """Train ``rpn_synthetic`` without dropout on all ranks; what came of it.

    By plain gradient descent: Adam's first steps have the sign of the gradient, so rounding decides where it is 0.
    """
    config = Config.fromfile(SYNTHETIC)
    config.merge_from_dict(dict(
        work_dir=work_dir, experiment_name=Path(work_dir).name, randomness=dict(seed=3), log_level='ERROR',
        launcher='pytorch' if is_distributed() else 'none'))
    config.model.localizer.embedding.dropout = 0.0
    config.train_dataloader.batch_size = global_batch // get_world_size()
    config.train_dataloader.dataset.pipeline.insert(1, dict(type='SampleSnippets', num_snippets=0.5, mode='strata'))
    config.train_cfg.update(max_epochs=2, val_interval=2)
    config.optim_wrapper.optimizer = dict(type='SGD', lr=0.01)
    kept = LossesOfEveryStep()
    with mock.patch.object(UntrimmedFeatureDataset, 'video_labels', autospec=True,
                           side_effect=UntrimmedFeatureDataset.video_labels) as counted:
        runner = Runner.from_cfg(config)
        runner.register_hook(kept)
        runner.train()
    model = getattr(runner.model, 'module', runner.model)
    return dict(losses=kept.losses, counted=counted.call_count, digest=digest(model), metrics=runner.val_loop.run(),
                state={name: value.numpy() for name, value in model.state_dict().items()})


class SignalOnRankOne(Hook):
    """Sends rank 1 a signal in a step."""

    def __init__(self, number: int, step: int) -> None:
        self.number, self.step = number, step

    def before_train_iter(self, runner: Runner, *arguments: Any, **options: Any) -> None:
        if runner.iter == self.step and get_rank() == 1:
            os.kill(os.getpid(), self.number)


def train_until_signal(work_dir: str, number: int, step: int, as_on_devices: bool = False) -> tuple[Any, int]:
    """Train ``rpn_synthetic`` on all ranks, of which one gets a signal; exit status and number of steps."""
    if as_on_devices:
        interruption_hook.group_is_on_device, torch.cuda.Event = (lambda: True), mock.Mock
    config = Config.fromfile(SYNTHETIC)
    config.merge_from_dict(dict(work_dir=work_dir, experiment_name=f'until {number}', log_level='ERROR',
                                launcher='pytorch', val_cfg=None, val_dataloader=None, val_evaluator=None,
                                train_dataloader=dict(batch_size=2)))
    runner = Runner.from_cfg(config)
    runner.register_hook(SignalOnRankOne(number, step))
    with pytest.raises(SystemExit) as end:
        runner.train()
    return end.value.code, torch.load(Path(work_dir, 'last_checkpoint').read_text())['meta']['iter']


def run_tool(name: str, *arguments: str) -> None:
    """Run a program of ``tools/`` with these arguments."""
    sys.path.insert(0, str(REPOSITORY / 'tools'))
    sys.argv = [f'tools/{name}', *arguments]
    runpy.run_path(str(REPOSITORY / 'tools' / name), run_name='__main__')


def run_task(folder: str) -> None:
    """Run a tool with the arguments and in the environment that a launcher started ``python`` with."""
    environment = Path(folder, 'environment').read_bytes().decode().split('\0')[:-1]
    os.environ.clear()
    os.environ.update(line.split('=', 1) for line in environment)
    arguments = Path(folder, 'arguments').read_bytes().decode().split('\0')[:-1]
    script = next(place for place, argument in enumerate(arguments) if argument.endswith('.py'))
    output = os.open(Path(folder, 'output'), os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    run_tool(Path(arguments[script]).name, *arguments[script + 1:])
