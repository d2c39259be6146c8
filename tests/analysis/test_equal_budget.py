"""Every method has as many trainings to choose its numbers among, and the choice is a config that reads so."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from rpn_plugin.analysis.equal_budget import TRAINING, Start, choose_each
from rpn_plugin.analysis.hyper_parameters import apply
from rpn_plugin.analysis.scorer import METRIC
from rpn_plugin.analysis.search import SearchSpace
from rpn_plugin.config_files import find_config, read_config


class Scorers:
    """In the place of trainings: a smaller rate, or suppression with one width, scores more."""

    def __init__(self) -> None:
        self.trained: list[float] = []

    def __call__(self, space: SearchSpace, setting: dict, trainings: list) -> list:
        assert trainings == [TRAINING]
        config = apply(space.config, [space.hyper_parameters[name].choices[choice]
                                      for name, choice in space.trained(setting).items()])
        rate = config.optim_wrapper.optimizer.lr
        self.trained.append(rate)

        class One:
            def score(self, changes: list) -> dict[str, float]:
                tested = apply(config, changes)
                return {METRIC: 0.5 - rate + 0.1 * (tested.model.nms.get('sigma') == 0.8)}

        return [One()]


@pytest.fixture
def scorers(monkeypatch: pytest.MonkeyPatch) -> Scorers:
    found = Scorers()
    monkeypatch.setattr(SearchSpace, 'scorers', lambda space, setting, trainings: found(space, setting, trainings))
    return found


def start(root: Path, folder: Path, name: str) -> Start:
    return Start(find_config(name), root, folder / name)


def test_the_best_training_gets_its_best_tests_and_the_config_says_so(tiny, tmp_path, monkeypatch, scorers) -> None:
    names = ['stpn/stpn_custom', 'cola/cola_custom']
    chosen = list(choose_each([start(tiny.root, tmp_path, name) for name in names], 12, jobs=1, threads=1))
    assert len(scorers.trained) == 2 * (12 + 1), 'as many of each method, and the best once more for its tests'
    monkeypatch.setenv('RPN_CUSTOM_ROOT', str(tiny.root))
    for each, name, rates in zip(chosen, names, (scorers.trained[:12], scorers.trained[13:25])):
        own, written = read_config(find_config(name)), read_config(each.config_file)
        assert rates[0] == own.optim_wrapper.optimizer.lr and len(set(rates)) > 1
        assert written.optim_wrapper.optimizer.lr == min(rates) and written.model.nms.sigma == 0.8
        assert each.score == pytest.approx(0.6 - min(rates))
        assert each.setting['NMS'] == 'gaussian 0.8'
        assert 'among 12 trainings' in each.config_file.read_text()


def test_one_candidate_is_the_config_as_it_is(tiny, tmp_path, monkeypatch, scorers) -> None:
    chosen, = choose_each([start(tiny.root, tmp_path, 'rpn_custom')], 1, jobs=1, threads=1)
    assert chosen.setting == dict(NMS='gaussian 0.8') and set(scorers.trained) == {1e-3}


def test_what_is_held_out_is_of_the_training_videos(tiny, tmp_path, scorers) -> None:
    list(choose_each([start(tiny.root, tmp_path, 'rpn_custom')], 1, jobs=1, threads=1))
    database = json.loads((tiny.root / 'annotations.json').read_text())['database']
    training = {video for video, entry in database.items() if entry['subset'] == 'train'}
    written, = (tmp_path / 'rpn_custom').glob('held_out_*')
    used = json.loads((written / 'fold_0' / 'annotations.json').read_text())['database']
    assert {video.rpartition('_fit')[0] or video.rpartition('_held_out')[0] for video in used} <= training
    assert not any('annotations' in entry for entry in used.values() if entry['subset'] == 'fit')
