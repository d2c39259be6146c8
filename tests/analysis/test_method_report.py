"""The table of all methods is made from the results file beside it, and from nothing else."""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpn_plugin.analysis.method_report import FORMATS, join_method_reports, read_method_report, write_method_report

REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = {'true positive': 0.5, 'duplicate': 0.0, 'localization': 0.25, 'confusion': 0.0, 'background': 0.25}


def run(method: str, data: str, seed: int, score: float, cost: dict | None) -> dict:
    return dict(method=method, data=data, seed=seed, mAP=[score + 0.1, score], mAP_avg=score, cost=cost,
                errors=dict(found=0.75, kinds=KINDS))


def report(**scores: float) -> dict:
    """Two sets and seeds; every score is a little higher on the second set."""
    runs = [run(method, data, seed, score + 0.1 * (data == 'other') + 0.01 * seed, dict(
        seconds=9.0, cpu_seconds=8.0 + seed, peak_memory_mib=512.0)) for method, score in scores.items()
        for data in ('one', 'other') for seed in (1, 0)]
    return dict(protocol='activitynet-thumos14', tiou=[0.1, 0.5], against='RPN', data=['one', 'other'], seeds=[0, 1],
                configs={method: f'configs/{method}.py' for method in scores}, measured='today', errors_tiou=0.5,
                runs=runs)


def test_every_method_has_its_scores_costs_and_errors() -> None:
    text = FORMATS['.md'](report(RPN=0.5, less=0.25))
    assert '| RPN | 50.5 ± 0.7 | 60.5 ± 0.7 | 55.5 | +0.0 |  | 8 | 512 |' in text  # the mean of 8 and 9, to even
    assert re.search(r'^\| less \| 25.5 ± 0.7 \| 35.5 ± 0.7 \| 30.5 \| -25.0 \| \S+ \|', text, re.M)
    assert '| less | 40.5 | 30.5 |' in text and '| less | 50.0 | 0.0 | 25.0 | 0.0 | 25.0 | 75.0 |' in text


def test_a_resumed_training_leaves_its_cost_out_and_keeps_its_score() -> None:
    content = report(RPN=0.5)
    content['runs'][0]['cost'] = None
    assert '| RPN | 50.5 ± 0.7 | 60.5 ± 0.7 | 55.5 | +0.0 |  | 8 | 512 |' in FORMATS['.md'](content)
    for each in content['runs']:
        each['cost'] = None
    assert '| +0.0 |  |  |  |' in FORMATS['.md'](content)


def test_what_is_written_is_read_back_as_the_same_tables(tmp_path) -> None:
    paths = write_method_report(report(RPN=0.5, less=0.25), tmp_path / 'methods')
    assert [path.name for path in paths] == ['methods.md', 'methods.csv', 'methods.json']
    content = json.loads(paths[2].read_text())
    assert content == report(RPN=0.5, less=0.25)
    for path, write in zip(paths, FORMATS.values()):
        assert path.read_text() == write(content)


CHOSEN = [dict(method=method, data=data, held_out=0.5, setting=dict(lr='1')) for method in ('RPN', 'less')
          for data in ('one', 'other')]


@pytest.mark.parametrize(('keys', 'value', 'message'), [
    (('seeds', ), None, 'it has seeds=None'),
    (('seeds', 0), [0], r'it has seeds=\[\[0\], 1\]'),
    (('configs', ), ['RPN'], r"it has configs=\['RPN'\]"),
    (('against', ), 'more', 'its configs have no more, with which it compares'),
    (('chosen', ), None, 'it has chosen=None'),
    (('chosen', 1, 'held_out'), 'high', "its choice 1 has held_out='high'"),
    (('runs', 2), 7, 'its run 2 is 7'),
    (('runs', 2, 'seed'), True, 'its run 2 has seed=True'),
    (('runs', 2, 'seed'), 0, 'it does not have one run of RPN on other with seed 0'),
    (('runs', 2, 'method'), 'more', 'it does not have one run of RPN on other with seed 1'),
    (('runs', 2, 'mAP'), [0.5], r'its run 2 has mAP=\[0.5\], not 2 numbers'),
    (('runs', 2, 'cost'), dict(cpu_seconds=1.0), 'its run 2, cost, has no peak_memory_mib'),
    (('runs', 2, 'errors', 'kinds'), {}, 'its run 2, errors, kinds, has no true positive'),
])
def test_a_table_with_a_fault_is_refused_in_words(keys, value, message, tmp_path) -> None:
    content: Any = json.loads(json.dumps({**report(RPN=0.5, less=0.25), 'candidates': 2, 'chosen': CHOSEN}))
    path = tmp_path / 'methods.json'
    path.write_text(json.dumps(content))
    assert read_method_report(path) == content
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f'methods.json: expected a table that .* as JSON, but {message}'):
        read_method_report(path)


@given(st.data())
def test_a_table_that_is_read_can_be_joined_and_written(tmp_path_factory, data) -> None:
    """Whatever stands in the place of one of its values."""
    content: Any = json.loads(json.dumps({**report(RPN=0.5, less=0.25), 'candidates': 2, 'chosen': CHOSEN}))
    own = json.loads(json.dumps({**content, 'configs': dict(RPN='configs/RPN.py'), 'chosen': CHOSEN[:2],
                                 'runs': content['runs'][:4]}))
    inner = content
    while True:
        key = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
        if not isinstance(inner[key], (dict, list)) or not inner[key] or data.draw(st.booleans()):
            break
        inner = inner[key]
    inner[key] = data.draw(st.sampled_from([None, True, 0, -1, 0.5, float('nan'), 'RPN', '', [], {}, [0], [[]]]))
    path = tmp_path_factory.mktemp('table') / 'methods.json'
    path.write_text(json.dumps(content))
    try:
        joined = join_method_reports(own, read_method_report(path), str(path))
    except ValueError as error:
        assert str(path) in str(error)
        return
    for write in FORMATS.values():
        write(joined)


@pytest.mark.parametrize('name', ['methods', 'methods_one_budget'])
def test_the_tables_of_methods_in_docs_are_made_from_their_results(name: str) -> None:
    stem = REPOSITORY / 'docs' / 'results' / name
    content = read_method_report(stem.with_suffix('.json'))
    for ending, write in FORMATS.items():
        assert stem.with_suffix(ending).read_text() == write(content)
    assert np.isfinite([each['mAP_avg'] for each in content['runs']]).all()
