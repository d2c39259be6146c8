"""Checks, before a runner is built, the checkpoint that it is to start from."""
from __future__ import annotations

import argparse
import re
from pathlib import Path

from mmengine.config import Config

from rpn_plugin.foreign_files import load_tensors, naming

LAST = 'last_checkpoint'


def check_starting_point(config: Config, options: argparse.Namespace) -> None:
    """Check what a run of the host's ``train.py`` or ``test.py`` is to load.

    Args:
        config: With the changes of the options.
        options: Of the tool.

    Raises:
        FileNotFoundError: If a checkpoint is not there.
        ValueError: If it is none, is damaged or would run code; if test.py has no test videos, or is to show frames by
            a hook that the config lacks.
    """
    wanted = vars(options)
    if 'checkpoint' in wanted and not (config.get('test_dataloader') and config.get('test_cfg')):
        raise ValueError(f'{config.filename}: has no test videos with segments to score (test_dataloader, test_cfg). '
                         f'rpn localize finds actions in any video.')
    frames = wanted.get('show') or wanted.get('show_dir') is not None
    if frames and 'visualization' not in config.get('default_hooks', {}):
        raise ValueError('--show and --show-dir are for a VisualizationHook, which draws frames, and the config has '
                         'none. Timelines are drawn by rpn visualize, or during the test with --cfg-options '
                         'default_hooks.visualization.type=LocalizationVisualizationHook.')
    if 'checkpoint' in wanted:
        _require_checkpoint(wanted['checkpoint'], 'the checkpoint')
    elif wanted.get('resume') not in (None, 'auto'):
        _require_checkpoint(wanted['resume'], '--resume')
    elif wanted.get('resume') == 'auto' or (config.get('resume') and not config.get('load_from')):
        folder = wanted.get('work_dir') or config.get('work_dir') or \
            Path('work_dirs', Path(config.filename or '').stem)
        _require_last(Path(folder))
    elif config.get('load_from'):
        _require_checkpoint(config.load_from, 'load_from')


def _require_last(folder: Path) -> None:
    """Check the checkpoint that a folder names as its last; a folder without one is trained in from the beginning."""
    if not (folder / LAST).is_file():
        return
    last = Path((folder / LAST).read_text(encoding='utf-8').strip())
    if not last.is_file():
        others = sorted(path.name for path in folder.glob('*.pth'))
        raise FileNotFoundError(f'{folder / LAST} names {last}, which is not there. '
                                + (f'Was the folder moved? Name one of its checkpoints, {", ".join(others)}: --resume '
                                   f'{folder / others[-1]}' if others else 'Train without --resume.'))
    _require_checkpoint(str(last), '--resume')


def _require_checkpoint(path: str, what: str) -> None:
    """Check a file; an address of the host's kinds, as https://... or torchvision://..., is left to the host."""
    if re.match(r'[a-z0-9-]{2,}:', str(path)):
        return
    if not Path(path).is_file():
        raise FileNotFoundError(f'No checkpoint {path} ({what}). Training writes the path of its last one to '
                                f'WORK_DIR/{LAST}.')
    with naming(path):
        load_tensors(path, mmap=True)
