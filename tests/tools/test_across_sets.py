"""From several data folders to one table and to what is chosen without each."""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tool_runner import load_tool

from rpn_plugin.analysis.across_sets import format_sensitivity, format_variants
from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def sets(tmp_path) -> list[Path]:
    for seed, name in enumerate(('one', 'other')):
        write_synthetic(tmp_path / name, SyntheticSettings(num_train=9, num_test=3, median_snippets=30, seed=seed))
    return [tmp_path / 'one', tmp_path / 'other']


def run(sets: list[Path], work_dir: Path, *arguments: str) -> None:
    config = work_dir.parent / 'short.py'
    config.write_text(f"_base_ = {str(REPOSITORY / 'configs' / 'rpn_custom.py')!r}\n"
                      f"train_cfg = dict(max_epochs=1, min_iters=0)\n"
                      f"train_dataloader = dict(num_workers=0, persistent_workers=False)\n")
    load_tool('analysis/across_sets.py').main([arguments[0], '--config', str(config), '--work-dir', str(work_dir),
                                               '--data', *map(str, sets), *arguments[1:]])


def test_numbers_are_measured_on_training_videos_and_tested_on_the_others(sets, tmp_path, capsys) -> None:
    work = tmp_path / 'work'
    run(sets, work, 'curves', '--hyper-parameters', 'alpha', 'coverage', '--folds', '2')
    measured = json.loads((work / 'curves.json').read_text())
    assert set(measured) == {'alpha', 'coverage'}
    assert set(measured['alpha']['one']) == {'own', '0', '0.005', '0.08'}
    chosen = json.loads((work / 'chosen.json').read_text())
    assert [list(of_sets) for of_sets in chosen.values()] == [[''], ['one', 'other'], ['one', 'other']]
    (work / 'chosen.json').write_text(json.dumps(chosen | {'without': {'one': {'alpha': '0'}, 'other': {}}}))
    run(sets, work, 'test', '--variants', 'full', 'table4_cls', 'chosen_without', 'mil', '--seeds', '1')
    tested = json.loads((work / 'test.json').read_text())
    assert tested['RPN, chosen on the other sets']['one'] == tested['L_cls, weighting']['one']
    assert tested['RPN, chosen on the other sets']['other'] == tested['RPN']['other']
    assert '| L_cls alone |' in capsys.readouterr().out and 'top-k MIL' in tested


def test_choosing_reads_no_test_video(sets, tmp_path) -> None:
    run(sets, tmp_path / 'clean', 'curves', '--hyper-parameters', 'coverage', '--folds', '2')
    for root in sets:
        content = json.loads((root / 'annotations.json').read_text())
        for name, entry in content['database'].items():
            if entry['subset'] == 'test':
                entry.update(annotations='poison', duration='poison', labels=['poison'])
                (root / 'features' / 'rgb' / f'{name}.npy').write_bytes(b'poison')
        (root / 'annotations.json').write_text(json.dumps(content))
    run(sets, tmp_path / 'poisoned', 'curves', '--hyper-parameters', 'coverage', '--folds', '2')
    assert (tmp_path / 'poisoned' / 'curves.json').read_text() == (tmp_path / 'clean' / 'curves.json').read_text()


def test_configs_are_compared_on_held_out_training_videos(sets, tmp_path, capsys) -> None:
    short = tmp_path / 'shorter.py'
    short.write_text(f"_base_ = {str(tmp_path / 'short.py')!r}\nmodel = dict(localizer=dict(weighting=None))\n")
    work = tmp_path / 'work'
    run(sets, work, 'curves', '--hyper-parameters', 'coverage', '--folds', '2')
    load_tool('analysis/across_sets.py').main(
        ['configs', '--config', str(tmp_path / 'short.py'), str(short), '--work-dir', str(work), '--folds', '2',
         '--data', *map(str, sets)])
    measured = json.loads((work / 'configs.json').read_text())
    curves = json.loads((work / 'curves.json').read_text())['coverage']
    assert measured['short'] == {name: of_set['own'] for name, of_set in curves.items()}
    assert measured['shorter'] != measured['short']
    assert '| shorter |' in capsys.readouterr().out


def test_one_config_at_a_time_is_tested(sets, tmp_path, capsys) -> None:
    with pytest.raises(SystemExit):
        load_tool('analysis/across_sets.py').main(['test', '--config', 'a', 'b', '--data', str(sets[0])])
    assert 'configs compares several' in capsys.readouterr().err


def test_the_documented_table_of_sets_is_what_the_checker_reads(shared_data, capsys) -> None:
    page = (REPOSITORY / 'docs' / 'unseen_data.md').read_text()
    rows = [line for line in page.splitlines() if re.match(r'\| \S+ \| \d+ / \d+ \|', line)]
    names = [row.split(' | ')[0][2:] for row in rows]
    assert len(names) == 6
    load_tool('analysis/across_sets.py').main(['sets', '--data', *(str(shared_data / name) for name in names)])
    assert [line for line in capsys.readouterr().out.splitlines() if line][2:] == rows


def test_the_documented_tables_are_made_from_the_files_beside_them() -> None:
    pages = [(REPOSITORY / 'docs' / f'{name}.md').read_text() for name in ('unseen_data', 'large_scale')]
    blocks = dict(re.findall(r'<!-- (docs/results/\S+) -->\n(.*?)\n<!-- end -->', '\n'.join(pages), re.S))
    held = {name: json.loads((REPOSITORY / name).read_text()) for name in blocks}
    curves = held.pop('docs/results/unseen_curves.json')
    assert blocks.pop('docs/results/unseen_curves.json') == format_sensitivity(curves['curves'], curves['own']).strip()
    for name, results in held.items():
        assert blocks[name] == format_variants(results, next(iter(results))).strip(), name
