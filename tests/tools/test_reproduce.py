"""The paper's tables: what is trained and reused, what is printed, and the paper's numbers kept apart from ours."""
from __future__ import annotations

import csv
import json
import os
import re
import runpy
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from tool_runner import load_tool

from rpn_plugin.analysis import experiments
from rpn_plugin.analysis.ablations import ABLATIONS
from rpn_plugin.analysis.equal_budget import Chosen, Start
from rpn_plugin.analysis.experiments import Experiment, ExperimentRunner, launch
from rpn_plugin.analysis.methods import first_stages, found_methods
from rpn_plugin.analysis.paper_tables import FAMILIES, FULL, PAPER_TABLES
from rpn_plugin.datasets.synthetic import SyntheticSettings
from rpn_plugin.provenance import data_stamp
from rpn_plugin.structures import SeedValues

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def tool():
    return load_tool('analysis/reproduce.py')


@pytest.fixture
def data(synthetic) -> Path:
    return synthetic(SyntheticSettings(num_train=12, num_test=6, median_snippets=40))


def option(command: Sequence[str], name: str) -> str:
    return command[command.index(name) + 1]


class FakeTools:
    """Stands in for the tools: a "checkpoint" tells its seed, detections are the truth, later as the seed is larger."""

    def __init__(self, data: Path) -> None:
        self.truth = {video: entry for video, entry in json.loads((data / 'annotations.json').read_text())[
            'database'].items() if entry['subset'] == 'test'}
        self.ran: list[tuple[str, str, str, str]] = []
        self.fail_at: int | None = None

    def __call__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        if len(self.ran) == self.fail_at:
            raise RuntimeError('the machine was switched off')
        assert command[-1] != '--cfg-options', 'which needs something to follow'
        tool, config, folder = Path(command[1]).stem, Path(command[2]).stem, Path(option(command, '--work-dir'))
        seed = option(command, '--seed') if tool == 'train' else Path(command[3]).read_text()
        stated = dict(part.split('=', 1) for part in command if part.startswith('model.localizer.'))
        name, = [name for name, ablation in ABLATIONS.items() if stated == {
            key: str(value) for key, value in ablation.overrides.items()}] or ['']
        self.ran.append((tool, config, name, seed))
        if tool == 'train':
            (folder / 'last.pth').write_text(seed)
            (folder / 'last_checkpoint').write_text(f'/elsewhere/{folder.name}/last.pth')
            (folder / 'training_cost.json').write_text(json.dumps(dict(
                seconds=9.0, cpu_seconds=10.0 + int(seed), peak_memory_mib=500.0)))
            return
        found = {video: [dict(label=annotation['label'], score=1.0, segment=[
            annotation['segment'][0] + 0.9 * int(seed), annotation['segment'][1] + 0.9 * int(seed)])
            for annotation in entry['annotations']] for video, entry in self.truth.items()}
        out, = (part.split('=')[1] for part in command if part.startswith('test_evaluator.out_file'))
        Path(out).write_text(json.dumps(dict(results=found)))


@pytest.fixture
def fake(data) -> FakeTools:
    return FakeTools(data)


@pytest.fixture
def run(tool, tmp_path, capsys) -> Callable[..., str]:
    """Run the tool on the synthetic data with stand-ins, one job; what it printed."""

    def run(fake: FakeTools, *arguments: str) -> str:
        tool.main([*arguments, '--data', 'synthetic', '--work-dir', str(tmp_path / 'work'), '--jobs', '1'], launch=fake)
        return capsys.readouterr().out

    return run


def test_rows_that_share_their_losses_share_a_training(run, fake) -> None:
    run(fake, 'table4', '--seeds', '0', '1')
    assert [ran for ran in fake.ran if ran[0] == 'train'] == [
        ('train', 'rpn_synthetic', name, seed) for seed in '01' for name in ('table4_cls', 'table4_cls_clu')]
    assert [ran[1:] for ran in fake.ran if ran[0] == 'test'] == [
        ('rpn_synthetic', name, seed) for seed in '01' for name in (
            'table4_cls', 'table4_cls_weighting', 'table4_cls_clu', 'table4_cls_clu_weighting', '')]
    assert [ran[0] for ran in fake.ran[:4]] == ['train', 'test', 'test', 'train'], 'no result waits for all trainings'


def test_what_is_done_is_reused_across_tables_and_runs_until_its_inputs_change(run, fake, data) -> None:
    run(fake, 'table4', '--seeds', '0')
    fake.ran.clear()
    run(fake, 'table4', '--seeds', '0')
    assert not fake.ran
    run(fake, 'table3', '--seeds', '0')
    assert sorted((ran[0], ran[2]) for ran in fake.ran) == [('test', 'table3_fc'), ('test', 'table3_random'),
                                                  ('train', 'table3_fc'), ('train', 'table3_random')]
    fake.ran.clear()
    run(fake, 'table3', '--seeds', '0', '--cfg-options', 'model.localizer.weighting.gamma_t=0.25')
    assert [ran[0] for ran in fake.ran] == ['test'] * 3  # read when testing only
    fake.ran.clear()
    run(fake, 'table1', '--seeds', '0', '--cfg-options', 'optim_wrapper.optimizer.lr=0.5')
    assert [ran[0] for ran in fake.ran] == ['train', 'test']
    fake.ran.clear()
    features = data / 'features' / 'rgb' / 'train_0000.npy'
    np.save(features, 2 * np.load(features))
    run(fake, 'table1', '--seeds', '0')
    assert [ran[0] for ran in fake.ran] == ['train', 'test']


def test_an_option_of_a_part_that_a_row_takes_away_changes_the_other_rows(run, fake) -> None:
    run(fake, 'table4', '--seeds', '0')
    fake.ran.clear()
    run(fake, 'table4', '--seeds', '0', '--cfg-options', 'model.localizer.weighting.gamma_t=0.25')
    assert [ran[0] for ran in fake.ran] == ['test'] * 3, 'two rows have no weighting'


def test_the_list_of_ablations_is_what_the_tools_take(tool, capsys) -> None:
    tool.main(['ablations'])
    printed = capsys.readouterr().out
    for name, ablation in ABLATIONS.items():
        assert f'{name}: {ablation.sentence}\n    --cfg-options {ablation.cfg_options}\n' in printed


def test_a_run_that_broke_off_goes_on_where_it_was(run, fake, capsys) -> None:
    fake.fail_at = 4
    with pytest.raises(SystemExit, match='error: the machine was switched off'):
        run(fake, 'table3', '--seeds', '0')
    before, fake.fail_at = list(fake.ran), None
    fake.ran.clear()
    printed = run(fake, 'table3', '--seeds', '0')
    assert len(before) == 4 and len(fake.ran) == 2 and not set(before) & set(fake.ran)
    assert re.search(r'^\[1/1\] measured configs/\S+.*, seed 0; \d+ s so far, about 0 s left$', printed, re.M)


def test_a_training_that_fails_does_not_stop_the_others(run, fake, capsys) -> None:
    work = fake.__call__

    def broken(command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        if 'RandomPrototypes' in str(command):
            raise RuntimeError('out of memory')
        work(command, environment, log)

    with pytest.raises(SystemExit, match='2 of 6 failed; the others are kept. out of memory out of memory'):
        run(broken, 'table3', '--seeds', '0', '1')
    assert len(fake.ran) == 8 and '] failed: configs/rpn_synthetic.py with table3_random, seed' in capsys.readouterr(
        ).out


def test_a_seed_counts_once_however_often_it_is_named(run, fake) -> None:
    printed = run(fake, 'table3', '--seeds', '1', '0', '1')
    assert len(fake.ran) == len(set(fake.ran)) == 12 and 'over seeds 1, 0\n' in printed


def test_code_that_changes_meanwhile_leaves_no_result(run, fake, tmp_path, monkeypatch, capsys) -> None:
    codes = iter(['before'] * 3 + ['after'] * 9)
    monkeypatch.setattr(experiments, 'plugin_digest', lambda steps=(): next(codes) if not steps else 'trained')
    with pytest.raises(SystemExit, match='rpn_plugin was changed while it was being measured'):
        run(fake, 'table3', '--seeds', '0')
    assert not [path for path in (tmp_path / 'work').rglob('*') if path.suffix in ('.json', '.pth')]


def test_a_resumed_training_tells_no_time(run, fake, tmp_path) -> None:
    fake.fail_at = 1
    with pytest.raises(SystemExit):
        run(fake, 'table1', '--seeds', '0')
    for done in (tmp_path / 'work').rglob('trained.json'):
        done.unlink()
    fake.fail_at = None
    assert re.search('time on average: synthetic 1$', run(fake, 'table1', '--seeds', '0'), re.M)


@pytest.mark.parametrize('prefix', ['features/rgb', 'features/rgb/{}.npy', 'features/{subset}', 'joint.npy'])
def test_other_features_are_another_data_set_however_they_are_stored(data, prefix) -> None:
    (data / 'joint.npy').write_bytes(b'1')
    dataset = dict(data_root=str(data), ann_file='annotations.json', data_prefix=dict(rgb=prefix))
    before = data_stamp(dataset)
    assert data_stamp(dataset) == before
    changed = data / (prefix if prefix == 'joint.npy' else 'features/rgb/train_0000.npy')
    changed.write_bytes(b'other')
    assert data_stamp(dataset) != before


def test_the_table_says_what_is_the_papers_and_what_was_measured_here(run, fake, tmp_path) -> None:
    printed = run(fake, 'table1', '--seeds', '0', '1', '2')
    rows = [re.split(r' {2,}', line) for line in printed.splitlines()]
    assert ['Weak', 'Ours (I3D)', 'reported in the paper, THUMOS14', '62.3', '57.0', '48.2', '37.2', '27.9', '16.7',
            '8.1', '46.5'] in rows
    ours, = (row for row in rows if 'measured here, synthetic' in row)
    assert ours[:2] == ['Weak', 'Ours (made features)'] and all(' ± ' in cell for cell in ours[3:])
    assert sum('reported in the paper, THUMOS14' in row for row in rows) == 17
    assert 'protocol activitynet-thumos14: in descending score, a detection takes' in printed
    assert '"measured here": mean ± sample standard deviation over seeds 0, 1, 2' in printed
    assert re.search(r'measured \d{4}-\d\d-\d\d with torch \S+, mmengine .*; trainings, and their time on average: '
                     r'synthetic 3 of \d+ s$', printed, re.M)
    content = json.loads((tmp_path / 'work' / 'synthetic' / 'table1.json').read_text())
    average = content['rows'][-1]['columns'][-1]
    results = [100 * result['mAP_avg'] for result in content['rows'][-1]['results']]
    assert average['values'] == results and average['column'] == 'AVG' and len(set(results)) == 3
    assert average['mean'] == pytest.approx(np.mean(results))
    assert average['std'] == pytest.approx(np.std(results, ddof=1))
    lines = list(csv.DictReader((tmp_path / 'work' / 'synthetic' / 'table1.csv').open()))
    assert {line['source']: line['data'] for line in lines} == {'reported in the paper': 'thumos',
                                                               'measured here': 'synthetic'}
    assert '| Weak | Ours (I3D) | reported in the paper, THUMOS14 | 62.3 |' in (
        tmp_path / 'work' / 'synthetic' / 'table1.md').read_text()


def folders(root: Path) -> list[str]:
    """Two data folders with the videos of :func:`data`."""
    for name in ('first', 'second'):
        shutil.copytree(root, root.parent / name)
    return [str(root.parent / 'first'), str(root.parent / 'second')]


def test_methods_are_compared_on_data_folders(tool, data, fake, tmp_path, capsys) -> None:
    sets, work = folders(data), tmp_path / 'work'
    arguments = ['methods', '--methods', 'stpn', '--seeds', '0', '1', '--jobs', '1', '--work-dir', str(work)]
    tool.main([*arguments, '--data', *sets], launch=fake)
    assert [ran[1:] for ran in fake.ran if ran[0] == 'train'] == [
        (config, '', seed) for seed in '01' for config in ('rpn_custom', 'rpn_custom', 'stpn_custom', 'stpn_custom')]
    report = json.loads((work / 'methods.json').read_text())
    assert [(run['method'], run['data'], run['seed']) for run in report['runs'][-4:]] == [
        ('STPN', name, seed) for name in ('first', 'second') for seed in (0, 1)]
    assert report['runs'][1]['cost'] == dict(seconds=9.0, cpu_seconds=11.0, peak_memory_mib=500.0)
    assert sum(report['runs'][0]['errors']['kinds'].values()) == pytest.approx(1, abs=1e-4)
    assert report['runs'][0]['errors'] != report['runs'][1]['errors']
    text = (work / 'methods.md').read_text()
    assert f'\n{text}' in capsys.readouterr().out
    row, = (line for line in text.splitlines() if line.startswith('| STPN | ') and ' ± ' in line)
    mean = 100 * np.mean([run['mAP_avg'] for run in report['runs'] if run['method'] == 'STPN'])
    assert row.split(' | ')[3:5] == [f'{mean:.1f}', '+0.0'] and row.endswith(' | 10 | 500 |')
    lines = list(csv.DictReader((work / 'methods.csv').open()))
    assert [(line['method'], line['data']) for line in lines] == [
        (method, name) for method in ('RPN', 'STPN') for name in ('first', 'second')]
    fake.ran.clear()
    tool.main(['table1', *arguments[1:], '--data', sets[0]], launch=fake)
    assert not fake.ran, 'Table 1 takes what is there'
    printed = capsys.readouterr().out
    assert re.search(r'^Weak +STPN \(first\) +measured here, first', printed, re.M)
    assert 'first, STPN (first): AVG minus Ours (first) +0.0' in printed
    assert 'first, Ours (first): a training took' in printed, 'and no difference from itself'
    assert 'a training took 10 s of processor time and 500 MiB' in printed


def test_methods_are_compared_with_numbers_that_were_chosen_for_each_set(tool, data, fake, tmp_path, monkeypatch,
                                                                          capsys) -> None:
    sets, work = folders(data), tmp_path / 'work'
    started: list[tuple[int, Start]] = []

    def choose(starts: Sequence[Start], candidates: int, jobs: int, threads: int) -> Iterator[Chosen]:
        for number, start in enumerate(starts):
            started.append((candidates, start))
            path = start.folder / f'{start.config_file.stem}_chosen.py'
            path.parent.mkdir(parents=True)
            path.write_text(f"_base_ = '{start.config_file}'\nmodel = dict(nms=dict(min_score={0.01 * number}))\n")
            yield Chosen(path, dict(NMS='wide') if number else {}, 0.25)

    monkeypatch.setattr(tool, 'choose_each', choose)
    arguments = ['methods', '--seeds', '0', '--jobs', '1', '--work-dir', str(work), '--data', *sets]
    tool.main([*arguments, '--candidates', '3', '--methods', 'stpn', 'pmil'], launch=fake)
    assert [(candidates, start.config_file.stem, start.root.name) for candidates, start in started] == [
        (3, config, name) for config in ('rpn_custom', 'stpn_custom') for name in ('first', 'second')]
    assert [ran[1] for ran in fake.ran if ran[0] == 'train'] == [
        f'{config}_custom_chosen' for config in ('rpn', 'rpn', 'stpn', 'stpn')], 'a second stage is left out'
    report = json.loads((work / 'methods.json').read_text())
    assert report['configs'] == dict(RPN='configs/rpn_custom.py', STPN='configs/stpn/stpn_custom.py')
    assert report['candidates'] == 3 and report['chosen'][1] == dict(
        method='RPN', data='second', held_out=0.25, setting=dict(NMS='wide'))
    text = (work / 'methods.md').read_text()
    assert '| RPN | first | 25.0 | as it is |' in text and '| STPN | second | 25.0 | NMS: wide |' in text
    assert 'the best of 3 trainings on the others' in text
    capsys.readouterr()
    (work / 'methods.json').rename(work / 'earlier.json')
    with pytest.raises(SystemExit, match='earlier.json: its candidates is 3, but None here'):
        tool.main([*arguments, '--methods', 'cola', '--with', str(work / 'earlier.json')], launch=fake)


def test_a_table_takes_the_rows_of_an_earlier_one(tool, data, fake, tmp_path) -> None:
    sets, work = folders(data), tmp_path / 'work'
    arguments = ['methods', '--seeds', '0', '--jobs', '1', '--work-dir', str(work), '--data', *sets, '--methods']
    tool.main([*arguments, 'stpn', 'um'], launch=fake)
    earlier = json.loads((work / 'methods.json').read_text())
    (work / 'methods.json').rename(work / 'earlier.json')
    tool.main([*arguments, 'stpn', 'maan', '--with', str(work / 'earlier.json')], launch=fake)
    joined = json.loads((work / 'methods.json').read_text())
    assert list(joined['configs']) == ['RPN', 'MAAN', 'STPN', 'UM']
    of_um = [[run for run in report['runs'] if run['method'] == 'UM'] for report in (earlier, joined)]
    assert of_um[0] == of_um[1] and len(joined['runs']) == 8
    assert joined['measured'].endswith(f'; UM: {earlier["measured"]}')
    ran = len(fake.ran)
    for changed, message in ((['--data', sets[0]], r"its data is \['first', 'second'\], but \['first'\] here"),
                             (['--seeds', '1'], r'its seeds is \[0\], but \[1\] here')):
        with pytest.raises(SystemExit, match=f'earlier.json: {message}'):
            tool.main([*arguments, 'cola', '--with', str(work / 'earlier.json'), *changed], launch=fake)
    (work / 'earlier.json').write_text('{}')
    with pytest.raises(SystemExit, match='earlier.json: expected a table that .*, but it has no protocol'):
        tool.main([*arguments, 'cola', '--with', str(work / 'earlier.json')], launch=fake)
    assert len(fake.ran) == ran, 'refused before anything is trained'


def test_every_method_with_a_config_for_own_videos_is_found() -> None:
    found = found_methods(REPOSITORY / 'configs')
    assert list(found)[0] == 'rpn' and found['hide_and_seek'] == 'Hide-and-Seek'
    assert set(found) - {'rpn'} == {path.parent.name for path in (REPOSITORY / 'configs').glob('*/*_custom.py')}
    assert len(set(found.values())) == len(found), 'a name of two methods'


def test_a_second_stage_is_trained_on_its_first_of_the_same_seed(data, fake, tmp_path) -> None:
    first = Experiment('configs/stpn/stpn_custom.py', data='set', root=data)
    second = Experiment('configs/rpn_custom.py', data='set', root=data, first_stage=first)
    stages = []

    def noted(command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        fake(command, environment, log)
        stages.append(environment.get('FIRST_STAGE'))

    def runner(launch: Callable[..., None]) -> ExperimentRunner:
        return ExperimentRunner(REPOSITORY, tmp_path / 'work', 'activitynet-thumos14', jobs=1, launch=launch)

    runner(noted).measure([second], [0, 1])
    trained = {ran[1:]: Path(stage).read_text() for ran, stage in zip(fake.ran, stages) if stage and ran[0] == 'train'}
    assert trained == {('rpn_custom', '', '0'): '0', ('rpn_custom', '', '1'): '1'}
    assert sorted(ran[:2] for ran in fake.ran) == sorted(2 * [
        ('train', 'stpn_custom'), ('train', 'rpn_custom'), ('test', 'rpn_custom')]), 'nobody asked for a test of it'
    fake.ran.clear()
    runner(noted).measure([first, second], [0, 1])
    assert [ran[0] for ran in fake.ran] == ['test', 'test']

    def broken(command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        raise RuntimeError('out of memory')

    with pytest.raises(RuntimeError, match='2 of 2 failed(?s:.)*its first stage, .*stpn_custom.py on set, seed 2, was'):
        runner(broken).measure([second], [2])


def test_a_first_stage_is_found_by_its_model(tmp_path) -> None:
    for name in ('second', 'other'):
        (tmp_path / name).mkdir()
    (tmp_path / 'rpn_custom.py').write_text("model = dict(type='A', width=1)")
    (tmp_path / 'other' / 'other_custom.py').write_text("model = dict(type='A', width=2)")
    (tmp_path / 'second' / 'second_custom.py').write_text(
        "model = dict(type='B', first_stage=dict(type='A', width=2, init_cfg=dict(checkpoint='x')))")
    methods = ['rpn', 'second', 'other', 'absent']
    assert first_stages(tmp_path, methods, 'rpn_custom', tmp_path) == dict(second='other')
    with pytest.raises(ValueError, match='second_custom.py: its first stage is the model of none of'):
        first_stages(tmp_path, ['rpn', 'second'], 'rpn_custom', tmp_path)


def test_table_1_measures_every_method_that_is_there(tool) -> None:
    methods = found_methods(REPOSITORY / 'configs')
    rows = PAPER_TABLES['table1'].rows
    own, paper = ({cells[1]: (rows[number].cells[1], experiment.config_file) for number, cells, experiment in
                   tool.planned(PAPER_TABLES['table1'], data, root, methods)}
                  for data, root in (('videos', Path(os.environ['RPN_CUSTOM_ROOT'])), ('thumos', None)))
    assert own['MAAN (videos)'] == ('MAAN (I3D) (Yuan et al. 2019)', 'configs/maan/maan_custom.py')
    assert own['Ours (videos)'] == ('Ours (I3D)', 'configs/rpn_custom.py')
    assert {'Hide-and-Seek (videos)', 'UntrimmedNet (videos)', 'STPN (videos)', 'W-TALC (videos)'} <= set(own)
    assert 'CoLA (videos)' not in own, 'which is no row of Table 1'
    assert paper['STPN (I3D)'] == ('STPN (I3D) (Nguyen et al. 2018)', 'configs/stpn/stpn_i3d_thumos.py')
    assert paper['Ours (UNT)'] == ('Ours (UNT)', 'configs/rpn_unt_thumos.py')


@pytest.mark.parametrize('arguments, message', [
    (['methods'], 'methods: expected --data with data folders'),
    (['methods', '--data', 'synthetic'], 'methods: expected --data with data folders'),
    (['methods', '--data', 'tests', '--candidates', '0'], '--candidates 0: expected at least 1'),
    (['methods', '--data', 'tests', '--candidates', '2', '--cfg-options', 'a=1'], '--candidates chooses what --cfg-op'),
    (['table1', '--candidates', '2'], '--candidates and --with are of "methods" only'),
    (['table1', '--data', 'sinthetic'], '--data sinthetic: expected one of thumos, .*, or a data folder'),
    (['methods', '--data', 'tests', '--methods', 'colla'], "No method 'colla'; did you mean cola. There are: rpn, "),
    (['methods', '--data', 'tests', 'rpn_plugin/../docs/../tests/tools/../../tests/tools', 'tools'],
     '--data tools: expected folders of different names, but ')])
def test_an_option_that_means_nothing_is_refused(tool, monkeypatch, arguments, message) -> None:
    monkeypatch.chdir(REPOSITORY)
    with pytest.raises(SystemExit, match=f'error: {message}'):
        tool.main(arguments)


def test_table_3_stands_upright_and_judges_the_papers_pattern(run, fake) -> None:
    printed = run(fake, 'table3', '--seeds', '0', '1')
    rows = [re.split(r' {2,}', line) for line in printed.splitlines()]
    assert ['Methods', 'Random Initialization', 'FC', 'GCN'] in rows
    assert ['AVG, reported in the paper, THUMOS14', '44.6', '44.7', '46.5'] in rows
    assert any(row[0] == 'AVG, measured here, synthetic' and len(row) == 4 for row in rows)
    assert 'GCN over FC: +1.8 in the paper; synthetic +0.0 ± 0.0, not decided by these seeds' in printed


@pytest.mark.parametrize('table', ['table1', 'table3', 'table4'])
def test_one_table_holds_several_data_each_as_it_is_alone(tool, run, fake, tmp_path, monkeypatch, capsys,
                                                          table) -> None:
    monkeypatch.setitem(FAMILIES, 'other', FAMILIES['synthetic'])
    monkeypatch.setattr(tool, 'DATA', tuple(FAMILIES))
    run(fake, table, '--seeds', '0', '1')
    trainings = sum(ran[0] == 'train' for ran in fake.ran)
    tool.main([table, '--data', 'other', 'synthetic', 'other', '--seeds', '0', '1', '--jobs', '1', '--work-dir',
               str(tmp_path / 'work')], launch=fake)
    assert sum(ran[0] == 'train' for ran in fake.ran) == 2 * trainings, "the first data's own are reused"
    alone, both = (list(csv.DictReader((tmp_path / 'work' / name / f'{table}.csv').open()))
                   for name in ('synthetic', 'other+synthetic'))
    for data in ('synthetic', 'other'):
        assert [line for line in both if line['data'] in ('thumos', data)] == [
            {**line, 'data': line['data'].replace('synthetic', data)} for line in alone]
    printed = capsys.readouterr().out
    for sentence in PAPER_TABLES[table].pairs:
        assert re.search(rf'^{sentence[0]}: .* in the paper; other [^;]+; synthetic [^;]+$', printed, re.M)
    assert 'time on average: other' in printed


def test_a_difference_is_judged_seed_by_seed(tool) -> None:
    table = PAPER_TABLES['table3']

    def pattern(random, fc, gcn):
        results = [[dict(mAP_avg=value / 100, mAP=[], tiou=[]) for value in row] for row in (random, fc, gcn)]
        return tool.build_report(table, (0, 1, 2), [
            (number, row.cells, data, result) for data in ('ucf101', 'other')
            for number, (row, result) in enumerate(zip(table.rows, results))]).pattern()

    sentences = pattern((50, 60, 70), (51, 61, 71.1), (49, 59, 68.5))  # paired, so the spread of the seeds is no excuse
    assert sentences[0].endswith('; ucf101 -1.2 ± 0.3, refuted; other -1.2 ± 0.3, refuted')
    assert sentences[2].endswith('other +1.0 ± 0.1, confirmed')
    wide = pattern((50, 60, 70), (51, 61, 71.1), (49, 59, 68))
    assert wide[0].endswith('other -1.3 ± 0.6, not decided by these seeds')
    assert pattern((50, ), (51, ), (52, ))[0].endswith('other +2.0, not decided by these seeds')
    alike = pattern((50, 60, 70), (50.01, 60.011, 70.01), (51, 61, 71.5))
    assert alike[2].endswith('+0.0 ± 0.0, no difference')


def test_averages_of_the_papers_rows_are_those_of_their_columns() -> None:
    """The paper's own arithmetic, to its rounding; a number mistyped here would show."""
    for row in PAPER_TABLES['table1'].rows:
        if None not in row.values[:5] and row.values[-1] is not None:
            assert np.mean(row.values[:5]) == pytest.approx(row.values[-1], abs=0.06), row
    assert [row.values for row in PAPER_TABLES['table1'].rows if row.features == 'I3D'] == [
        (62.3, 57.0, 48.2, 37.2, 27.9, 16.7, 8.1, 46.5)]


def test_every_config_that_a_table_needs_is_there() -> None:
    ablations = {row.ablation for table in PAPER_TABLES.values() for row in table.rows if row.ablation} - {FULL}
    assert ablations == set(ABLATIONS)
    names = {config for family in FAMILIES.values() for config in family.values()}
    assert all((REPOSITORY / 'configs' / f'{name}.py').is_file() for name in names)
    assert len(PAPER_TABLES['table1'].rows) == 17 and len(PAPER_TABLES['table2'].rows) == 7
    for name in ('table1', 'table2'):
        table = PAPER_TABLES[name]
        assert {row.features for row in table.rows if row.features} == set(FAMILIES[table.data])
    assert str(SeedValues((50.0, ))) == '50.0'


def test_missing_data_is_an_error_that_names_the_file(tool, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv('THUMOS14_ROOT', str(tmp_path / 'nowhere'))
    with pytest.raises(SystemExit, match=f'error: No annotation file {tmp_path}/nowhere/[a-z]+.json'):
        tool.main(['table4', '--work-dir', str(tmp_path / 'work'), '--jobs', '1'])


def test_a_failing_command_is_shown_with_the_end_of_its_log(tmp_path, python) -> None:
    with pytest.raises(RuntimeError, match=r'(?s)ended with status 3; the end of .*out\.log:\nlast words'):
        launch([python, '-S', '-c', 'print("last words"); raise SystemExit(3)'], {}, tmp_path / 'out.log')


def forked(command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """The real tools in a fork of this process, which has imported everything already."""
    child = os.fork()
    if not child:
        with open(log, 'w') as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            sys.stdout = sys.stderr = output
            try:
                os.environ.update(environment)
                sys.argv = list(command[1:])
                sys.path.insert(0, str(Path(command[1]).parent))
                runpy.run_path(command[1], run_name='__main__')
            except BaseException:
                traceback.print_exc()
                output.flush()
                os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, log.read_text()[-3000:]


def test_the_real_tools_train_and_score_a_table(tool, data, tmp_path, capsys) -> None:
    arguments = ['table4', '--data', 'synthetic', '--seeds', '0', '--jobs', '1', '--work-dir', str(tmp_path / 'work'),
                 '--cfg-options', 'train_cfg.max_epochs=1']
    tool.main(arguments, launch=forked)
    first = capsys.readouterr().out
    results = [json.loads(path.read_text()) for path in (tmp_path / 'work').rglob('result.json')]
    assert len(results) == 5 and len({result['checkpoint'] for result in results}) == 2
    assert {result['protocol'] for result in results} == {'activitynet-thumos14'}
    assert len({tuple(result['mAP']) for result in results}) > 1 and all(result['trained_sec'] for result in results)
    used = [Config.fromfile(path) for path in (tmp_path / 'work').glob('synthetic/trained/*/seed_0/*.py')]
    assert sorted(config.model.localizer.head.loss_clu.loss_weight for config in used) == [0.0, 0.1]
    tool.main(arguments, launch=lambda *_: pytest.fail('there is nothing left to do'))
    assert capsys.readouterr().out.strip() == first[first.index('Table 4'):].strip()
