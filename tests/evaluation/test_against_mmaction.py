"""MMAction2's own evaluator as an independent reference, on input that single precision cannot misjudge."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mmaction.evaluation.functional.eval_detection import ActivityNetLocalization

from rpn_plugin.evaluation import GroundTruth, get_protocol
from rpn_plugin.evaluation.functional import evaluate_localization
from rpn_plugin.evaluation.results_file import read_detections


@pytest.mark.parametrize('seed', range(3))
def test_activitynet_equals_it_to_the_last_bits(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)

    def some(number: int, scored: bool) -> list[dict]:
        segments = np.sort(rng.uniform(0, 30, (number, 2)), axis=1)
        entries = [dict(label=str(rng.choice(['A', 'B', 'C'])), segment=segment) for segment in segments.tolist()]
        return [entry | dict(score=rng.random()) for entry in entries] if scored else entries

    truth = {f'v{index}': dict(annotations=some(8, False)) for index in range(6)}
    found = {video: some(60, True) for video in (*truth, 'unknown')}
    paths = {name: tmp_path / f'{name}.json' for name in ('found', 'truth', 'prefixed')}
    paths['found'].write_text(json.dumps(dict(results=found)))
    paths['truth'].write_text(json.dumps(dict(database=truth)))
    paths['prefixed'].write_text(json.dumps({f'v_{video}': entry for video, entry in truth.items()}))
    protocol = get_protocol('activitynet')
    result = evaluate_localization(read_detections(paths['found']), GroundTruth.read(paths['truth']).segments, protocol)
    theirs = ActivityNetLocalization(str(paths['prefixed']), str(paths['found']), np.array(protocol.tiou_thresholds))
    _, average = theirs.evaluate()
    columns = [theirs.activity_index[name] for name in result.classes]
    assert result.average_precision == pytest.approx(theirs.ap[:, columns].T, abs=1e-12)
    assert result.average_map == pytest.approx(average, abs=1e-12) and result.mean_ap[0] > 0.05
