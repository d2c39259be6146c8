"""The table of all methods is made from the results file beside it, and from nothing else."""
from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from rpn_plugin.analysis.method_report import FORMATS, write_method_report

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


def test_the_documented_table_of_methods_is_made_from_its_results() -> None:
    stem = REPOSITORY / 'docs' / 'results' / 'methods'
    if not stem.with_suffix('.json').is_file():
        pytest.skip('docs/results holds no results of all methods')
    content = json.loads(stem.with_suffix('.json').read_text())
    for ending, write in FORMATS.items():
        assert stem.with_suffix(ending).read_text() == write(content)
    block, = re.findall(r'<!-- docs/results/methods.md -->\n(.*?)\n<!-- end -->',
                        (REPOSITORY / 'docs' / 'methods.md').read_text(), re.S)
    assert block == stem.with_suffix('.md').read_text().strip()
    assert np.isfinite([each['mAP_avg'] for each in content['runs']]).all()
