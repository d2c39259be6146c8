"""The numbers of a run are a file and a picture in its folder, whatever happens to them no reason to stop."""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from mmaction.registry import DATASETS
from mmengine.config import Config

from rpn_plugin.engine import ResultsHook
from rpn_plugin.evaluation import WTALMetric, get_protocol
from rpn_plugin.evaluation.functional import LocalizationResult
from rpn_plugin.files import read_json

PROTOCOL = get_protocol('activitynet-thumos14')


@pytest.fixture
def host(tiny, tmp_path) -> SimpleNamespace:
    """What the hook reads of a runner that has tested or validated."""
    metric = WTALMetric('activitynet-thumos14')
    metric.result = LocalizationResult(PROTOCOL, ('Diving', '<b>$x^2$'), np.linspace(0, 1, 14).reshape(2, 7),
                                       np.array([3, 4]), dict(videos=4))
    loop = SimpleNamespace(evaluator=SimpleNamespace(metrics=[metric, object()]))
    loader = SimpleNamespace(dataset=DATASETS.build(tiny.config('test')))
    said: list[str] = []
    return SimpleNamespace(
        val_loop=loop, test_loop=loop, val_dataloader=loader, test_dataloader=loader, epoch=3, iter=6, seed=0,
        work_dir=str(tmp_path / 'work'), _load_from='epoch_3.pth', said=said,
        cfg=Config(dict(model=dict(type='X', width=3), work_dir='not a setting')),
        logger=SimpleNamespace(info=said.append, warning=said.append))


def written(host: SimpleNamespace) -> dict[str, Any]:
    return read_json(Path(host.work_dir) / 'results.json')


def test_a_test_leaves_all_that_its_numbers_depend_on(host, tiny) -> None:
    ResultsHook().after_test_epoch(host, {'wtal/mAP_avg': 0.25, 'wtal/video_mAP': float('nan')})
    found = written(host)
    assert (found['of'], found['checkpoint'], found['seed']) == ('test', 'epoch_3.pth', 0)
    assert found['metrics'] == {'wtal/mAP_avg': 0.25, 'wtal/video_mAP': None}
    [evaluation] = found['evaluations']
    assert evaluation['protocol'] == 'activitynet-thumos14' and evaluation['tiou'] == list(PROTOCOL.tiou_thresholds)
    assert evaluation['ap'].keys() == {'Diving', '<b>$x^2$'} and 'matching' in evaluation['rules']
    [data] = found['data']
    assert data['annotations'] == str(tiny.root / 'annotations.json') and len(data['sha256']) == 64
    assert (data['subset'], data['videos'], data['recipe']['snippet_stride']) == ('test', 4, 16)
    assert found['settings'] == dict(model=dict(type='X', width=3)) and 'torch' in found['versions']
    assert (Path(host.work_dir) / 'results.png').stat().st_size > 1000
    assert 'results.json' in host.said[0] and 'results.png' in host.said[0]


def test_a_validation_names_its_epoch(host) -> None:
    ResultsHook().after_val_epoch(host, {})
    assert (written(host)['of'], written(host)['epoch']) == ('validation', 3)


def test_numbers_of_other_metrics_need_no_picture(host) -> None:
    host.test_loop.evaluator.metrics = [object()]
    ResultsHook().after_test_epoch(host, {'AR@100': 0.5})
    assert written(host)['metrics'] == {'AR@100': 0.5} and not (Path(host.work_dir) / 'results.png').exists()


def test_a_file_that_cannot_be_written_is_a_warning(host, tmp_path) -> None:
    Path(host.work_dir).write_text('a file in the place of the folder')
    ResultsHook().after_test_epoch(host, {})
    assert 'could not be written: ' in host.said[0]
