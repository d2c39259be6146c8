"""Writes the config of a data folder: ``rpn_custom`` with everything stated that it reads off the data."""
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rpn_plugin.analysis.config_writer import format_config
from rpn_plugin.config_files import PACKAGE, config_folder
from rpn_plugin.datasets import DataFolder
from rpn_plugin.datasets.data_folder import FEATURES
from rpn_plugin.shown_names import one_line

BASES = ('datasets/own_videos', 'models/rpn_one_length', 'schedules/adam_own_videos', 'default_runtime')
"""Those of ``rpn_custom``, but for the data."""


def own_config(path: Path, data: DataFolder, scored: bool, comments: Sequence[str]) -> str:
    """Return the text of a config that lies in its data folder and moves with it.

    Args:
        path: Where it will be.
        data: What the folder holds.
        scored: Whether videos of subset ``test`` have segments to score against.
        comments: Sentences to put at its head, one per line.
    """
    root = '{{ fileDirname }}' if "'" not in str(path.parent.absolute()) else str(path.parent.absolute())
    dataset = dict(data_root=root, data_prefix={stream: f'{FEATURES}/{stream}' for stream in data.widths})
    content: dict[str, Any] = dict(train_dataloader=dict(dataset=dataset))
    content.update(dict(test_dataloader=dict(dataset=dataset)) if scored else
                   dict.fromkeys(('test_dataloader', 'test_evaluator', 'test_cfg')))
    content['model'] = dict(
        streams=dict(both=dict(streams=list(data.widths))),
        localizer=dict(embedding=dict(in_channels=sum(data.widths.values())), neck=dict(num_classes=data.num_classes)))
    lines = [one_line(comment).replace('{{', '{ {') for comment in comments]  # the host looks for {{ in comments, too
    return format_config([_place(f'_base_/{name}.py', path) for name in BASES], content, lines)


def _place(name: str, path: Path) -> str:
    """Return the path of a config of the package: relative within a checkout, which may move as a whole."""
    base = config_folder() / name
    in_checkout = base.parent.is_relative_to(PACKAGE.parent) and path.absolute().is_relative_to(PACKAGE.parent)
    return os.path.relpath(base, path.parent.absolute()) if in_checkout else str(base)
