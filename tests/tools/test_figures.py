"""Figures are drawn from what the other tools write, and bad input is said in one line."""
from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from made_videos import write_video
from mmengine.config import Config
from tiny_model import CLASSES, COOCCURRENCE, model_config, write_checkpoint
from tool_runner import run_tool

from rpn_plugin.evaluation.functional.error_analysis import KINDS
from rpn_plugin.inspection import TrainedModel, embedded_videos, prototypes_of
from rpn_plugin.models.necks import write_cooccurrence

TOOL = 'analysis/figures.py'


@pytest.fixture
def trained(tiny, tmp_path) -> tuple[Path, Path]:
    """Config and checkpoint of the small model on the small data set."""
    Config(dict(model=model_config(), default_scope='mmaction', test_dataloader=dict(dataset=tiny.config('test')))
           ).dump(tmp_path / 'config.py')
    return tmp_path / 'config.py', write_checkpoint(tmp_path / 'epoch_1.pth', model_config())


def result(diving: float) -> dict:
    return dict(protocol='p', tiou=[0.1, 0.5], averaged_over=[0.1, 0.5], ap=dict(Diving=[diving] * 2, Jump=[0.5, 0.5]))


def is_picture(path: Path) -> bool:
    return path.read_bytes().startswith(b'\x89PNG') and path.stat().st_size > 5000


def measured(data: str, random: float, *full: float) -> list[dict]:
    """Rows of Table 3 on some data."""
    return [dict(cells=['Random Initialization'], data=data, results=[result(random)] * len(full)),
            dict(cells=['GCN'], data=data, results=[result(value) for value in full])]


def test_gain_from_scores_and_from_a_table_are_the_same(tmp_path) -> None:
    for name, content in dict(full0=result(0.75), full1=result(0.5), random0=result(0.25), random1=result(0.25),
                              table=dict(rows=[
                                  dict(cells=['Random Initialization'], data='thumos', results=[]),
                                  *measured('a', 0.25, 0.75, 0.5)]),
                              tables=dict(rows=[*measured('b', 0.5, 0.5, 0.5), *measured('a', 0.25, 0.75, 0.5)])
                              ).items():
        (tmp_path / f'{name}.json').write_text(json.dumps(content))
    scores = [tmp_path / f'{name}.json' for name in ('full0', 'full1', 'random0', 'random1')]
    out = tmp_path / 'new' / 'gain.png'
    first = run_tool(TOOL, 'gain', '--full', *scores[:2], '--random', *scores[2:], '--out', out)
    assert run_tool(TOOL, 'gain', '--table', tmp_path / 'table.json', '--out', out) == first
    assert first[0] == 0 and is_picture(out)
    assert run_tool(TOOL, 'gain', '--table', tmp_path / 'tables.json', '--data', 'a', '--out', out) == first
    assert run_tool(TOOL, 'gain', '--table', tmp_path / 'tables.json', '--out', out)[2].endswith(
        "tables.json: expected --data to be one of ['a', 'b'], which it holds, but got None.\n")
    assert 'Diving                    +37.50 ± 17.68  (+50.00, +25.00)' in first[1]


def test_scores_and_tables_are_not_taken_for_each_other(tmp_path) -> None:
    (tmp_path / 'table.json').write_text(json.dumps(dict(rows=measured('a', 0.25, 0.75))))
    table = tmp_path / 'table.json'
    assert 'expected what evaluate.py --out in tools/analysis' in run_tool(TOOL, 'gain', '--full', table, '--random',
                                                                          table)[2]
    assert 'Expected either --table or both' in run_tool(TOOL, 'gain', '--table', table, '--full', table)[2]
    status, _, err = run_tool(TOOL, 'gain', '--table', table, '--out', tmp_path / 'gain')
    assert status == 1 and 'gain: expected a name that ends with one of ' in err and '.png' in err


@pytest.mark.parametrize('content, message', [
    ('{', 'not a JSON file'), ('[]', 'expected what reproduce.py in tools/analysis'),
    ('{"rows": [{"cells": ["GCN"], "data": "thumos", "results": []}]}', "no measured row ['GCN']")])
def test_a_table_without_the_rows_is_refused(tmp_path, content, message) -> None:
    (tmp_path / 'table.json').write_text(content)
    status, _, err = run_tool(TOOL, 'gain', '--table', tmp_path / 'table.json', '--out', tmp_path / 'gain.png')
    assert status == 1 and message in err and 'table.json' in err and not (tmp_path / 'gain.png').exists()
    assert run_tool(TOOL, 'gain')[2] == 'error: Expected either --table or both --full and --random.\n'


def test_cost_from_the_table_of_all_methods(tmp_path) -> None:
    errors = dict(found=0.5, kinds=dict.fromkeys(KINDS, 0.2))
    runs = [dict(method=method, data=data, seed=seed, mAP=[score], mAP_avg=score + seed / 10, errors=errors,
                 cost=None if method == 'resumed' else dict(cpu_seconds=10.0 + seed, peak_memory_mib=None))
            for method, score in (('RPN', 0.5), ('resumed', 0.1)) for data in 'ab' for seed in (0, 1)]
    report = dict(runs=runs, configs=dict(RPN='', resumed=''), data=['a', 'b'], seeds=[0, 1], against='RPN', tiou=[0.5],
                  protocol='activitynet', measured='today', errors_tiou=0.5)
    (tmp_path / 'methods.json').write_text(json.dumps(report))
    status, said, _ = run_tool(TOOL, 'cost', '--table', tmp_path / 'methods.json', '--out', tmp_path / 'cost.png')
    assert status == 0 and (tmp_path / 'cost.png').read_bytes().startswith(b'\x89PNG')
    assert re.search(r'^RPN +1[01] s   55.0 ± 7.1$', said, re.M) and 'resumed is left out' in said
    (tmp_path / 'other.json').write_text('{}')
    assert 'other.json: expected a table that tools/analysis/reproduce.py methods wrote as JSON, but it has no' in (
        run_tool(TOOL, 'cost', '--table', tmp_path / 'other.json')[2])


def test_matrices_and_t_sne_of_a_trained_model(trained, tmp_path) -> None:
    write_cooccurrence(tmp_path / 'cooccurrence.csv', COOCCURRENCE.numpy(), CLASSES)
    assert run_tool(TOOL, 'cooccurrence', tmp_path / 'cooccurrence.csv', '--out', tmp_path / 'a.png')[0] == 0
    assert run_tool(TOOL, 'prototypes', *trained, '--out', tmp_path / 'b.png')[0] == 0
    status, said, _ = run_tool(TOOL, 'tsne', *trained, '--videos', 'test_8', 'test_9', '--out', tmp_path / 'c.png')
    assert status == 0 and all(is_picture(tmp_path / f'{name}.png') for name in 'abc')
    videos = embedded_videos(TrainedModel.load(*trained), ['test_8', 'test_9'])['rgb']
    prototypes = prototypes_of(TrainedModel.load(*trained))['rgb']
    distances = [np.linalg.norm(moved[2] - videos[0].centre('HighJump')) for moved in (prototypes, videos[0].updated)]
    assert f'rgb test_8 HighJump: {distances[0]:.3f} from the centre of its features, {distances[1]:.3f} after' in said


def test_videos_are_embedded_one_by_one_as_together_with_prototypes_moved_for_each(trained) -> None:
    model = TrainedModel.load(*trained)
    together = embedded_videos(model, ['test_9', 'test_11'])
    for place, name in enumerate(('test_9', 'test_11')):
        alone, = embedded_videos(model, [name])['flow']
        assert alone.name == together['flow'][place].name == name
        np.testing.assert_allclose(together['flow'][place].features, alone.features, atol=1e-5)
        np.testing.assert_allclose(together['flow'][place].updated, alone.updated, atol=1e-5)
        labels = {annotation['label'] for annotation in model.preprocessed([name])['data_samples'][0].annotations}
        assert set(alone.classes) == labels and len(alone.labels) == len(alone.features)
    assert not np.allclose(together['flow'][0].updated, together['flow'][1].updated)
    model.model.localizers['rgb'].weighting.num_updates = 0
    assert embedded_videos(model, [])['rgb'][0].updated is None


def test_what_is_not_there_is_said_in_a_line(trained, tmp_path) -> None:
    status, _, err = run_tool(TOOL, 'tsne', *trained, '--videos', 'nowhere')
    assert status == 1 and "No test video 'nowhere'; there are ['test_8'" in err and err.count('\n') == 1
    status, _, err = run_tool('analysis/visualize.py', trained[0], tmp_path / 'none.pth')
    assert status == 1 and 'No checkpoint' in err
    model = TrainedModel.load(*trained)
    model.model.localizers['flow'].neck = None
    with pytest.raises(ValueError, match="'flow' has no prototypes"):
        prototypes_of(model)


def test_a_timeline_with_thumbnails(trained, tmp_path) -> None:
    video = write_video(tmp_path / 'test_8.mp4', number=170, fps=12)
    for name, frames in (('with', ['--frames', video]), ('without', [])):
        assert run_tool('analysis/visualize.py', *trained, '--video', 'test_8', *frames, '--out',
                        tmp_path / f'{name}.png')[0] == 0
    pictures = {name: cv2.imread(str(tmp_path / f'{name}.png')) for name in ('with', 'without')}
    assert pictures['with'].shape[0] > pictures['without'].shape[0] + 50
    status, _, err = run_tool('analysis/visualize.py', *trained, '--video', 'test_11', '--frames', video)
    assert status == 1 and 'test_8.mp4: ends after' in err
    assert torch.is_grad_enabled()
