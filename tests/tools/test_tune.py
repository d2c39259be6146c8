"""The search on held-out training videos: it never reads a test video, says what it tried, and writes a config."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.logging import MMLogger
from tool_runner import load_tool

from rpn_plugin.analysis import scorer
from rpn_plugin.analysis.held_out import write_held_out_sets
from rpn_plugin.analysis.search import Candidate, SearchSpace, side_by_side
from rpn_plugin.analysis.search_choices import hyper_parameters_of
from rpn_plugin.datasets.synthetic import SyntheticSettings
from rpn_plugin.provenance import plugin_digest

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = REPOSITORY / 'configs' / 'rpn_synthetic.py'


@pytest.fixture(scope='module')
def tool():
    return load_tool('analysis/tune.py')


@pytest.fixture
def data(synthetic) -> Path:
    return synthetic(SyntheticSettings(num_train=10, num_test=4, median_snippets=40))


def tune(tool, work_dir: Path, names: str, *arguments: str) -> None:
    tool.main([str(CONFIG), '--work-dir', str(work_dir), '--folds', '2', '--seeds', '1', '--candidates', '2',
               '--hyper-parameters', *names.split(), *arguments, '--cfg-options', 'train_cfg.max_epochs=1'])


def tried(work_dir: Path) -> list[dict]:
    return [json.loads(line) for line in (work_dir / 'candidates.jsonl').read_text().splitlines()]


def test_nothing_of_the_test_videos_is_read(tool, data, tmp_path) -> None:
    tune(tool, tmp_path / 'clean', 'gamma_t', '--split', 'appearance')
    content = json.loads((data / 'annotations.json').read_text())
    for name, entry in content['database'].items():
        if entry['subset'] == 'test':
            entry.update(annotations='poison', duration='poison', labels=['poison'])
            for stream in ('rgb', 'flow'):
                (data / 'features' / stream / f'{name}.npy').write_bytes(b'poison')
    (data / 'annotations.json').write_text(json.dumps(content))
    tune(tool, tmp_path / 'poisoned', 'gamma_t', '--split', 'appearance')
    assert tried(tmp_path / 'poisoned') == tried(tmp_path / 'clean')
    for name in ('tuned.py', 'candidates.md'):
        assert (tmp_path / 'poisoned' / name).read_text() == (tmp_path / 'clean' / name).read_text()


def test_the_log_holds_every_candidate_and_the_config_the_best(tool, data, tmp_path, capsys, monkeypatch) -> None:
    out = tmp_path / 'written' / 'best.py'
    monkeypatch.setattr(tool, 'CURVES', ('kernel', 'gamma_t'))
    tune(tool, tmp_path / 'work', 'alpha gamma_t', '--out', str(out), '--curves')
    printed, logged = capsys.readouterr().out, tried(tmp_path / 'work')
    assert [(line['stage'], line['number']) for line in logged[:2]] == [(0, 0), (0, 1)]
    assert {line['stage']: len(line['scores']) for line in logged} == {0: 1, 1: 2, 'refined': 2, 'final': 2}
    for line in logged:
        assert line['score'] == pytest.approx(np.mean(line['scores']))
        assert set(line['setting']) <= {'alpha', 'gamma_t'}
    assert 'alpha' not in logged[0]['setting'] and 'alpha' in logged[1]['setting']
    best = max((line for line in logged if line['stage'] == 'final'), key=lambda line: line['score'])
    assert f'chosen: candidate {best["number"]}, {100 * best["score"]:.2f}; written to {out}' in printed
    assert 'reads the segments of the training videos that are held out' in printed
    assert f'{100 * best["score"]:.2f} | 2 |' in (tmp_path / 'work' / 'candidates.md').read_text()
    config, base = Config.fromfile(out), Config.fromfile(CONFIG)
    localizer, expected = config.model.localizer, base.model.localizer
    alpha, gamma_t = best['setting'].get('alpha'), best['setting'].get('gamma_t', 'as is')
    assert localizer.head.loss_clu.loss_weight == float(alpha or expected.head.loss_clu.loss_weight)
    assert localizer.weighting.gamma_t == (expected.weighting.gamma_t if gamma_t == 'as is' else float(gamma_t))
    assert config.train_cfg.max_epochs == 1 and localizer.embedding == expected.embedding
    curves = json.loads((tmp_path / 'work' / 'curves.json').read_text())
    assert list(curves) == ['kernel', 'gamma_t', 'p_c', 'n', 'k / T', 'lambda']
    assert curves['kernel']['values'] == [1.0, 3.0, 5.0] and curves['kernel']['chosen'] == 3.0
    assert curves['kernel']['scores'][1] == pytest.approx(100 * best['score']), 'the chosen point again'
    of_gamma_t = dict(zip(curves['gamma_t']['values'], curves['gamma_t']['scores']))
    assert of_gamma_t.get(localizer.weighting.gamma_t, 100 * best['score']) == pytest.approx(100 * best['score'])
    assert curves['p_c']['chosen'] == 0.1
    lines = (tmp_path / 'work' / 'curves.md').read_text().splitlines()
    assert f'around the chosen point ({100 * best["score"]:.1f})' in lines[0]
    points = ', '.join(f'{value:g}: {score:.1f} ± {error:.1f}' for value, score, error in zip(
        *(curves['kernel'][key] for key in ('values', 'scores', 'errors'))))
    assert f'| kernel | 3 | {points} |' in lines and len(lines) == 4 + len(curves)
    assert (tmp_path / 'work' / 'curves.png').read_bytes().startswith(b'\x89PNG')
    monkeypatch.setattr(scorer.Runner, 'from_cfg', lambda *_: pytest.fail('trained again'))
    tune(tool, tmp_path / 'work', 'alpha gamma_t')
    assert tried(tmp_path / 'work') == logged


@pytest.mark.parametrize('method', ['cola', 'stpn'])
def test_another_method_is_searched_like_rpn(tool, data, tmp_path, monkeypatch, method) -> None:
    """With an embedding and without one; proposals of several scales take the place of the method's own."""
    monkeypatch.setenv('RPN_CUSTOM_ROOT', str(data))
    config_file, work = REPOSITORY / 'configs' / method / f'{method}_custom.py', tmp_path / 'work'
    tool.main([str(config_file), '--work-dir', str(work), '--folds', '2', '--seeds', '1', '--candidates', '2',
               '--hyper-parameters', 'lr', 'proposals', 'p_c', '--cfg-options', 'train_cfg.max_epochs=1',
               'train_cfg.min_iters=0'])
    logged, tuned = tried(work), Config.fromfile(work / 'tuned.py')
    assert [line['setting'].keys() for line in logged if line['stage'] == 0] == [set(), {'lr'}]
    best = max((line for line in logged if line['stage'] == 'final'), key=lambda line: line['score'])['setting']
    stated = tuned.model.get('localizer', tuned.model).proposals
    assert (stated.type == 'ThresholdProposals') == (best.get('proposals') == 'several scales')
    assert tuned.optim_wrapper.optimizer.lr == float(best.get('lr', Config.fromfile(config_file).optim_wrapper.
                                                              optimizer.lr))


def test_curves_are_of_rpn(tool, data, tmp_path) -> None:
    with pytest.raises(SystemExit, match='cola_custom.py has no alpha, gamma_c, gamma_t; leave --curves out'):
        tool.main([str(REPOSITORY / 'configs' / 'cola' / 'cola_custom.py'), '--work-dir', str(tmp_path), '--curves'])


def test_curves_need_what_they_vary_to_be_stated_before_anything_is_trained(tool, data, tmp_path) -> None:
    config = tmp_path / 'config.py'
    config.write_text(f"_base_ = {str(CONFIG)!r}\nmodel = dict(localizer=dict(weighting=dict(_delete_=True, "
                      f"type='SimilarityWeighting', gamma_t=0.1)))\n")
    with pytest.raises(SystemExit, match="error: --curves needs the config to state n, but 'num_updates' is not there"):
        tool.main([str(config), '--work-dir', str(tmp_path / 'work'), '--curves'])
    assert not (tmp_path / 'work').exists()


def test_trainings_side_by_side_may_have_loaders_with_workers(data, tmp_path, capfd) -> None:
    config = Config.fromfile(CONFIG)
    config.train_cfg.max_epochs = 1
    config.train_dataloader.update(num_workers=1, persistent_workers=True)
    sets = write_held_out_sets(config, tmp_path, 'videos', 2, 0)
    space = SearchSpace(config, sets, hyper_parameters_of(config), tmp_path / 'trainings', plugin_digest())
    tasks = [(space, Candidate(number, {'alpha': alpha}), [(0, 0)], ()) for number, alpha in enumerate(('0.01', '0.2'))]
    capfd.readouterr()
    with side_by_side(2) as search:
        together = list(search(tasks))
    assert [candidate.number for candidate in together] == [0, 1] and len(list((tmp_path / 'trainings').iterdir())) == 2
    said = ''.join(capfd.readouterr())
    assert 'mmengine' not in said and 'p_c' not in said, 'nobody can act on what one candidate among many says'
    with side_by_side(1) as search:
        assert list(search(tasks)) == together


def test_code_that_changes_meanwhile_ends_the_search(tool, data, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tool, 'plugin_digest', lambda: 'the code of before')
    with pytest.raises(SystemExit, match='rpn_plugin was changed while it was being measured'):
        tune(tool, tmp_path / 'work', 'gamma_t')


def test_a_score_without_training_is_that_of_the_hosts_test(data, tmp_path) -> None:
    """The remembered embeddings give what the host's runner gives from the same checkpoint."""
    config = Config.fromfile(CONFIG)
    config.train_cfg.max_epochs = 1
    checkpoint = scorer.train(config, tmp_path / 'training', seed=0)
    of_checkpoint = scorer.Scorer(config, checkpoint)
    for gamma_t in (0.5, 0.1):
        scored = of_checkpoint.score([{'model.localizer.weighting.gamma_t': gamma_t}])
        config.model.localizer.weighting.gamma_t = gamma_t
        config.update(work_dir=str(tmp_path / 'test'), load_from=str(checkpoint), experiment_name=f'test {gamma_t}')
        assert scorer.Runner.from_cfg(config).test() == pytest.approx(scored)


def test_a_score_prints_no_table_and_leaves_the_logger_as_it_was(data, tmp_path, capsys) -> None:
    config = Config.fromfile(CONFIG)
    config.train_cfg.max_epochs = 1
    checkpoint = scorer.train(config, tmp_path / 'training', seed=0)
    MODELS.build(config.model).init_weights()  # of which mmengine writes to the last logger's file, if it has one
    logger = MMLogger.get_instance(f'of {tmp_path.name}', log_level='INFO')
    capsys.readouterr()
    scorer.Scorer(config, checkpoint).score()
    logger.info('still there')
    printed = ''.join(capsys.readouterr())
    assert 'mAP' not in printed and 'still there' in printed


@pytest.mark.parametrize('arguments, message', [
    (('--hyper-parameters', 'beta'), r"error: Unknown hyper-parameters \['beta'\]; known are \['alpha', "),
    (('--folds', '1'), 'error: Expected a split of .* and at least 2 folds'),
    (('--seeds', '0'), 'error: Expected at least 1 of --candidates, --seeds, --jobs and --threads.'),
    (('--out', str(CONFIG)), 'rpn_synthetic.py is the config that the search starts from; name another file'),
    (('--cfg-options', 'model.localizer.weighting=None'), 'error: Expected a config with similarity weighting, but'),
])
def test_what_cannot_be_searched_ends_with_one_line(tool, data, tmp_path, arguments, message) -> None:
    with pytest.raises(SystemExit, match=message):
        tool.main([str(CONFIG), '--work-dir', str(tmp_path / 'work'), *arguments])
