"""The examples of docs/extending.md, as they are written, in a folder outside the repository."""
from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner

from rpn_plugin.evaluation.protocols import PROTOCOLS, get_protocol
from rpn_plugin.evaluation.rules import INTERPOLATION

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = (REPOSITORY / 'docs' / 'extending.md').read_text(encoding='utf-8')
Make = Callable[[str], Config]


def blocks(heading: str) -> list[str]:
    """The Python of a section."""
    section = re.search(rf'^## {heading}\n(.*?)(?=^## |\Z)', PAGE, re.M | re.S)[1]
    return re.findall(r'^```python\n(.*?)^```', section, re.M | re.S)


@pytest.fixture
def make(tmp_path, monkeypatch) -> Iterator[Make]:
    """Writes the module and the config of a section beside the clone, and reads the config; forgets both afterwards."""
    (tmp_path / 'rpn_plugin').symlink_to(REPOSITORY)
    folder = tmp_path / 'my_work'
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.chdir(folder)

    def write(heading: str) -> Config:
        module, config, *_ = blocks(heading)
        (folder / 'my_parts.py').write_text(module)
        (folder / 'my_config.py').write_text('\n'.join([*blocks('Where the files lie'), config]))
        read = Config.fromfile(folder / 'my_config.py')
        read.merge_from_dict(dict(work_dir=str(folder / 'work'), experiment_name=tmp_path.name, log_level='ERROR',
                                  train_cfg=dict(min_iters=1, max_epochs=1), randomness=dict(seed=0)))
        read.default_hooks.pop('diagnosis')
        return read

    with mock.patch.dict(MODELS.module_dict), mock.patch.dict(PROTOCOLS), mock.patch.dict(INTERPOLATION):
        yield write
    sys.modules.pop('my_parts', None)


@pytest.mark.parametrize('heading, place, name', [
    ('A loss', 'head.losses.loss_one_class', 'OneClassLoss'),
    ('A head', 'head', 'SoftMaximumHead'),
    ('A neck', 'neck', 'CommonPrototypes'),
    ('A weighting', 'weighting', 'RelativeWeighting')])
def test_a_part_outside_the_repository_trains_and_is_tested(heading, place, name, make) -> None:
    runner = Runner.from_cfg(make(heading))
    network, = runner.model.localizers.values()
    part = network.get_submodule(place)
    assert type(part).__name__ == name and type(part).__module__ == 'my_parts'
    before = {key: value.clone() for key, value in part.state_dict().items()}
    runner.train()
    assert all(not value.equal(before[key]) for key, value in part.state_dict().items())
    assert 'loss' not in place or float(runner.message_hub.get_scalar('train/both.loss_one_class').current()) > 0
    assert 0 <= runner.test()['wtal/mAP_avg'] <= 1


def test_a_protocol_outside_the_repository_scores_in_a_config_and_from_files(make, tmp_path, capsys) -> None:
    config = make('An evaluation protocol')
    assert config.test_evaluator == dict(type='WTALMetric', protocol='voc2007')
    runner = Runner.from_cfg(config)
    runner.train()
    metrics = runner.test()
    assert {key for key in metrics if '@' in key} == {'wtal/mAP@0.50', 'wtal/mAP@0.70'}
    assert get_protocol('voc2007').described()['interpolation'].endswith('at 11 recalls (VOC 2007)')
    segments = [[0.0, 4.0], [10.0, 14.0]]
    Path('annotations.json').write_text(json.dumps(dict(database=dict(v=dict(
        subset='test', duration=30, annotations=[dict(label='a', segment=segment) for segment in segments])))))
    found = [dict(label='a', segment=segment, score=score) for segment, score in ((segments[0], .9), ([20, 24], .5))]
    Path('detections.json').write_text(json.dumps(dict(results=dict(v=found))))
    exec(blocks('An evaluation protocol')[2], {})
    assert float(capsys.readouterr().out.split()[-1]) == pytest.approx(6 / 11)  # precision 1 at recalls 0 to 0.5
