"""Logging, keeping and comparing are as docs/training.md says."""
from __future__ import annotations

import argparse
import importlib.util
import json
import re
import warnings
from pathlib import Path

import ranks
from mmengine.config import Config, DictAction
from mmengine.runner import Runner
from tiny_model import model_config, write_checkpoint

from rpn_plugin.config_keys import checked_options

PAGE = (Path(__file__).resolve().parents[1] / 'docs' / 'training.md').read_text()
OVERRIDES = re.findall(r'^\|[^|]+\| `([^`]+)`', PAGE.split('## Logging and keeping')[1].split('## Comparing')[0], re.M)


def options(*texts: str) -> dict:
    """Overrides as ``tools/train.py --cfg-options`` reads them."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args(['--cfg-options', *' '.join(texts).split()]).cfg_options


def test_what_is_logged_and_kept_is_found_where_the_page_says(tiny, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_checkpoint(tmp_path / 'other.pth', model_config())
    config = Config.fromfile(ranks.SYNTHETIC)
    config.model = model_config()
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.dataset.data_root = str(tiny.root)
    config.merge_from_dict(dict(work_dir='work_dirs/mine', experiment_name=tmp_path.name, log_level='ERROR',
                                train_cfg=dict(max_epochs=20, val_begin=20), train_dataloader=dict(batch_size=8)))
    assert len(OVERRIDES) == 6
    config.merge_from_dict(checked_options(config, options(*OVERRIDES, 'load_from=other.pth')))
    backends, = re.findall(r'^```python\n(.*?)^```', PAGE, re.M | re.S)
    config.merge_from_dict(Config.fromstring(backends, '.py').to_dict())
    if importlib.util.find_spec('tensorboard') is None:
        config.visualizer.vis_backends.pop()
        warnings.warn('no tensorboard: pip install tensorboard', stacklevel=1)
    runner = Runner.from_cfg(config)
    runner.train()

    run = tmp_path / 'work_dirs' / 'mine'
    lines = [json.loads(line) for path in run.glob('*/vis_data/scalars.json') for line in path.open()]
    assert [line['step'] for line in lines if 'loss' in line] == [1, 10, 20]  # the first step is always shown
    assert [line['step'] for line in lines if 'wtal/mAP_avg' in line] == [20]
    assert {path.name for path in run.glob('epoch_*.pth')} == {'epoch_10.pth', 'epoch_20.pth'}
    assert len([*run.glob('best_*.pth')]) == 1 and [*run.glob('*/vis_data/vis_image/*.png')]
    assert (run / 'last_checkpoint').read_text().endswith('epoch_20.pth') and (run / 'cooccurrence.csv').is_file()
    assert [*run.glob('*/*.log')] and [*run.glob('*.py')]
    assert importlib.util.find_spec('tensorboard') is None or [*run.glob('*/vis_data/events.out.tfevents*')]
