"""Made feature files for any config of the project, small enough to train on in a second."""
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from made_videos import write_video
from mmaction.registry import MODELS
from mmengine.config import Config

from rpn_plugin.models.interfaces import TakesCooccurrence
from rpn_plugin.structures import StreamStatistics

ROOT_VARIABLES = ('THUMOS14_ROOT', 'THUMOS14_UNT_ROOT', 'ANET12_ROOT', 'ANET12_UNT_ROOT', 'RPN_SHARED_DATA',
                  'RPN_SYNTHETIC_ROOT', 'RPN_CUSTOM_ROOT')
VIDEOS_PER_SUBSET = 4
NARROWER, WIDE = 16, 256
"""Divisor of all widths from WIDE on; what has to agree or to sum up still does."""


def point_to(root: Path, environment: Any) -> None:
    """Make every dataset's root lie under ``root``; ``environment`` is a monkeypatch or a dict-like."""
    for name in ROOT_VARIABLES:
        environment(name, str(root))
    if not root.exists():
        write_one_video(root)


def write_one_video(root: Path) -> None:
    """What a config that reads its sizes off its data finds before there is more."""
    for stream, width in dict(rgb=7, flow=5).items():
        (root / 'features' / stream).mkdir(parents=True, exist_ok=True)
        np.save(root / 'features' / stream / 'train_0.npy', np.zeros((12, width), dtype=np.float16))
    (root / 'annotations.json').write_text(json.dumps(dict(classes=['class 0', 'class 1', 'class 2'], database={})))


def make_data(config: Config) -> None:
    """Write the files that the config's datasets read: its classes, streams and widths."""
    rng = np.random.default_rng(0)
    dataset = config.train_dataloader.dataset
    of_videos = dataset.type == 'UntrimmedVideoDataset'
    root = Path(dataset.data_root)
    classes = [f'class {index}' for index in range(stated(config.model, 'num_classes') or 3)]
    base = dict(localizer=config.model.get('localizer'), model=config.model)  # what its networks start from comes first
    widths = {stream: dataset.get('feature_dim') or stated(base, 'in_channels') for stream in dataset.data_prefix}
    if 'in_channels' in config:  # read off the first files
        widths = {stream: np.load(next((root / folder).glob('*.npy'))).shape[1]
                  for stream, folder in dataset.data_prefix.items()}
    database = {}
    for subset in (dataset.subset, config.test_dataloader.dataset.subset):
        for index in range(VIDEOS_PER_SUBSET):
            length, labels = int(rng.integers(12, 30)), rng.choice(classes, 1 + index % 2, replace=False)
            length = length // 4 if of_videos else length
            name = f'{subset}_{index}'
            database[name] = dict(subset=subset, duration=0.64 * length,
                                  annotations=[dict(label=str(label), segment=[1.28, min(5.12, 0.64 * length)])
                                               for label in labels])
            for stream, directory in dataset.data_prefix.items():
                (root / directory).mkdir(parents=True, exist_ok=True)
                if of_videos:
                    write_video(root / directory / f'{name}.mp4', number=16 * length)
                else:
                    features = rng.standard_normal((length, widths[stream])).astype(np.float16)
                    np.save(root / directory / f'{name}.npy', features)
    feature = dict(fps=25, snippet_stride=16, window=16)
    (root / dataset.ann_file).write_text(json.dumps(dict(classes=classes, feature=feature, database=database)))


def stated(config: Any, key: str) -> Any:
    """The first value of ``key`` in a nested config, in the order in which it is written; None without one."""
    if not isinstance(config, dict):
        return None
    if key in config:
        return config[key]
    return next((value for value in (stated(part, key) for part in config.values()) if value is not None), None)


def narrow(config: Any) -> None:
    """Divide the widths of features and layers in a part of a config: a wide network takes ten times as long to train.

    Which widths have to be equal, or have to be the sum of others, stays as the config has it.
    """
    for key, value in list(config.items()) if isinstance(config, dict) else ():
        if key == 'feature_dim' or key == 'split' or key.endswith('channels'):
            config[key] = narrower(value)
        else:
            for part in value if isinstance(value, (list, tuple)) else [value]:
                narrow(part)


def narrower(width: Any) -> Any:
    """A width, several, or those of streams by name, divided where they are wide."""
    if isinstance(width, dict):
        return {name: narrower(of_stream) for name, of_stream in width.items()}
    if isinstance(width, (list, tuple)):
        return [narrower(of_layer) for of_layer in width]
    return width // NARROWER if isinstance(width, int) and width >= WIDE else width


def write_first_stage(config: Config, path: Path) -> None:
    """Let a model of two stages start from a first stage with random weights, where there is one."""
    if 'first_stage' not in config.model:
        return
    first = MODELS.build({key: value for key, value in config.model.first_stage.items() if key != 'init_cfg'})
    if first.data_preprocessor.standardize:
        widths = {stream: np.load(next(Path(config.data_root, folder).glob('*.npy'))).shape[1]
                  for stream, folder in config.train_dataloader.dataset.data_prefix.items()}
        first.data_preprocessor.set_statistics({stream: StreamStatistics(
            torch.zeros(width, dtype=torch.float64), torch.ones((), dtype=torch.float64))
            for stream, width in widths.items()})
    for part in first.modules():
        if isinstance(part, TakesCooccurrence):
            part.set_cooccurrence(torch.zeros(part.num_classes, part.num_classes), 'test')
    for name, weight in first.named_parameters():
        weight.data.mul_(1000 if name.endswith('classifier.weight') else 1)  # sure of something
    torch.save(dict(state_dict=first.state_dict()), path)
    config.model.first_stage.init_cfg.checkpoint = str(path)


def shorten(config: Config, work_dir: Path) -> Config:
    """One epoch, in this process."""
    config.work_dir = str(work_dir)
    config.train_cfg.update(max_epochs=1, val_interval=1)
    if 'min_iters' in config.train_cfg:
        config.train_cfg.min_iters = 0
    config.default_hooks.checkpoint.interval = 1
    config.default_hooks.checkpoint.save_optimizer = False  # which of a wide model is hundreds of MB
    for loader in filter(None, (config.train_dataloader, config.val_dataloader, config.test_dataloader)):
        loader.num_workers, loader.persistent_workers = 0, False
    return config


if __name__ == '__main__':
    for name in sys.argv[1:]:
        make_data(Config.fromfile(name))
