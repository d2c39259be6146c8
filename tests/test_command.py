"""One command runs every tool, finds configs by name and refuses keys of the config that nothing reads."""
from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from tiny_model import model_config, write_checkpoint
from tool_runner import load_tool, run_tool

import rpn_command
from rpn_plugin.analysis.held_out import SPLITS
from rpn_plugin.analysis.paper_tables import FAMILIES, PAPER_TABLES
from rpn_plugin.config_files import find_config, named_configs
from rpn_plugin.config_keys import checked_options
from rpn_plugin.datasets.composition import DTYPES as COMPOSED_DTYPES
from rpn_plugin.datasets.composition import CompositionSettings
from rpn_plugin.datasets.conversion import DTYPES
from rpn_plugin.datasets.formats import LAYOUTS
from rpn_plugin.datasets.synthetic import SyntheticSettings
from rpn_plugin.evaluation import PROTOCOLS, VIDEO_SETS
from rpn_plugin.evaluation.report import FORMATS

REPOSITORY = Path(__file__).resolve().parents[1]
TOOLS = REPOSITORY / 'tools'
SCRIPTS = {command: script for commands in rpn_command.COMMANDS.values() for command, (script, _) in commands.items()}


def rpn(*arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, '-W', 'ignore', str(REPOSITORY / 'rpn_command.py'), *arguments], cwd=cwd,
                          capture_output=True, text=True)


@pytest.fixture(autouse=True)
def _neighbours(monkeypatch) -> None:
    """The tools import modules that lie beside them."""
    for folder in (TOOLS, TOOLS / 'data'):
        monkeypatch.syspath_prepend(str(folder))


def test_the_list_of_commands_names_every_tool() -> None:
    scripts = {path.relative_to(TOOLS).as_posix() for path in TOOLS.rglob('*.py') if path.name[0] != '_'}
    assert set(SCRIPTS.values()) == scripts
    assert all(f'\n  {command} ' in rpn_command.overview() for command in SCRIPTS)
    assert all(len(line) < 100 for line in rpn_command.overview().splitlines())


def test_no_command_needs_the_package_to_show_its_help(tmp_path) -> None:
    code = '\n'.join([
        'import contextlib, sys', f'sys.path.insert(0, {str(REPOSITORY)!r})', 'import rpn_command', 'heavy = []',
        f'for words in [["--help"], *([name, "--help"] for name in {[*SCRIPTS]})]:',
        '    sys.argv = ["rpn", *words]', '    with contextlib.suppress(SystemExit):', '        rpn_command.main()',
        '    heavy += [words[0] for name in ("torch", "rpn_plugin") if name in sys.modules]',
        'sys.exit(f"imports it all: {heavy}" if heavy else 0)'])
    run = subprocess.run([sys.executable, '-c', code], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert all(f'usage: rpn {command} ' in run.stdout for command in SCRIPTS)


def test_what_help_states_without_the_package_is_what_the_package_has() -> None:
    scoring = ' '.join(run_tool('analysis/evaluate.py', '--help')[1].split())
    assert f'one of {", ".join(PROTOCOLS)}; default: thumos14 where' in scoring
    assert ', '.join(VIDEO_SETS) in scoring.replace(' or ', ', ') and f'one of {", ".join(FORMATS)}' in scoring
    assert {name: layout.description for name, layout in LAYOUTS.items()} == load_tool('data/convert.py').LAYOUTS
    assert f'--dtype {{{",".join(DTYPES)}}}' in run_tool('data/convert.py', '--help')[1]
    for tool in ('analysis/tune.py', 'analysis/across_sets.py'):
        assert f'--split {{{",".join(SPLITS)}}}' in run_tool(tool, '--help')[1]
    reproduce = load_tool('analysis/reproduce.py')
    for tool, settings in (('data/make_synthetic.py', SyntheticSettings),
                           ('data/compose_untrimmed.py', CompositionSettings)):
        defaults = {field.name: field.default for field in dataclasses.fields(settings)}
        stated = load_tool(tool).DEFAULTS
        assert stated == {name: defaults[name] for name in stated}
    assert load_tool('data/make_synthetic.py').DEFAULTS.keys() == {
        field.name for field in dataclasses.fields(SyntheticSettings)}
    assert f'--dtype {{{",".join(COMPOSED_DTYPES)}}}' in run_tool('data/compose_untrimmed.py', '--help')[1]
    assert (*reproduce.TABLES, ) == (*PAPER_TABLES, ) and (*reproduce.DATA, ) == (*FAMILIES, )


@pytest.mark.parametrize('word, meant', [('trian', 'train'), ('evaluat', 'evaluate'), ('make_synthetic', 'synthesize')])
def test_a_mistyped_command_ends_with_2_and_names_the_nearest(tmp_path, word, meant) -> None:
    run = rpn(word, cwd=tmp_path)
    assert run.returncode == 2 and run.stderr.startswith(f'error: no command {word!r}; did you mean {meant}?')


def test_wrong_options_end_with_the_status_of_the_tool_and_its_name(tmp_path) -> None:
    run = rpn('evaluate', 'found.json', '--tiuo', cwd=tmp_path)
    assert run.returncode == 2 and 'rpn evaluate: error: ' in run.stderr


def test_a_script_runs_as_the_main_program_beside_its_neighbours_and_its_status_comes_through(tmp_path) -> None:
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools' / 'neighbour.py').write_text('NUMBER = 3')
    script = tmp_path / 'tools' / 'script.py'
    script.write_text('import pickle, sys\nimport neighbour\n\n\nclass Kept:\n    pass\n\n\n'
                      'assert (__name__, __file__) == ("__main__", sys.argv.pop())\npickle.dumps(Kept())\n'
                      'print(sys.argv)\nsys.exit(neighbour.NUMBER)')
    code = f'import pathlib, rpn_command; rpn_command.run_script(pathlib.Path({str(script)!r}), "rpn x", ["a", ' \
           f'{str(script)!r}])'
    run = subprocess.run([sys.executable, '-c', code], cwd=REPOSITORY, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (3, "['rpn x', 'a']\n"), run.stderr


@pytest.mark.parametrize('name, found', [
    ('rpn_i3d_thumos', 'rpn_i3d_thumos.py'), ('rpn_i3d_thumos.py', 'rpn_i3d_thumos.py'),
    ('configs/rpn_i3d_thumos.py', 'rpn_i3d_thumos.py'), ('cola/cola_custom', 'cola/cola_custom.py'),
    ('cola_custom', 'cola/cola_custom.py'), ('_base_/models/rpn_two_stream', '_base_/models/rpn_two_stream.py')])
def test_a_config_of_the_package_is_found_by_its_name(tmp_path, monkeypatch, name, found) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(name) == REPOSITORY / 'configs' / found


def test_every_config_has_a_name_of_its_own() -> None:
    for name, path in named_configs().items():
        assert name.startswith('_base_/') or find_config(Path(name).name) == path


def test_a_file_wins_over_a_config_of_the_package(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path('rpn_custom').write_text('')
    assert find_config('rpn_custom') == Path('rpn_custom')


@pytest.mark.parametrize('name, meant', [
    ('rpn_i3d_thumso', 'rpn_i3d_thumos'), ('cola/cola_costum', 'cola/cola_custom'), ('cola_costum', 'cola_custom')])
def test_a_mistyped_config_names_the_nearest(name, meant) -> None:
    with pytest.raises(FileNotFoundError, match=rf'^No config {name}: .*; did you mean {meant}\?$'):
        find_config(name)


def test_a_missing_file_in_a_folder_is_not_taken_for_a_config_of_the_package() -> None:
    with pytest.raises(FileNotFoundError, match='^No config mine/rpn_custom.py: '):
        find_config('mine/rpn_custom.py')


@pytest.mark.parametrize('words', [
    'train.py {}', 'test.py {} checkpoint.pth', 'analysis/tune.py {}', 'analysis/visualize.py {} checkpoint.pth',
    'analysis/figures.py prototypes {} checkpoint.pth', 'analysis/across_sets.py sets --config {} --data folder',
    'data/check_dataset.py {}', 'localize.py videos --config {} --checkpoint checkpoint.pth --out folder',
    'deployment/publish_model.py checkpoint.pth out --config {}',
    'deployment/export_onnx.py checkpoint.pth --out out --config {}'])
def test_every_tool_that_takes_a_config_takes_its_name(tmp_path, monkeypatch, words) -> None:
    monkeypatch.chdir(tmp_path)
    tool, *arguments = words.format('rpn_sythetic').split()
    monkeypatch.setattr(sys, 'argv', [tool, *arguments])
    if tool in ('train.py', 'test.py'):
        with pytest.raises(SystemExit) as end:
            load_tool('_host_tool.py').run(tool)
        message = end.value.code
    else:
        status, _, message = run_tool(tool, *arguments)
        assert status == 1
    assert message.startswith('error: No config rpn_sythetic: ') and 'did you mean rpn_synthetic?' in message


REFUSED = {
    'max_epochs=3': 'the config has no key .* did you mean train_cfg.max_epochs?',
    'by_epoch=True': 'the config has no key .by_epoch.',
    'model.localizer.constructor=X': 'model.localizer has no key .constructor.',
    'lr=0.1': 'did you mean optim_wrapper.optimizer.lr?',
    'modle.localizer.type=X': 'the config has no key .modle., .* did you mean model?',
    'train_cfg.max_epohcs=3': 'train_cfg has no key .max_epohcs., .* did you mean max_epochs?',
    'model.localizer.wieghting.gamma_t=1': 'model.localizer has no key .* did you mean weighting?',
    'train_dataloader.bach_size=2': 'did you mean batch_size?',
    'optim_wrapper.loss_scale=dynamic': 'optim_wrapper has no key .loss_scale.',
    'optim_wrapper.optimizer.momentum=0.9': 'optim_wrapper.optimizer has no key .momentum.',
    'default_hooks.chekpoint.interval=2': 'did you mean checkpoint?',
    'default_hooks.checkpoint.intervall=2': 'did you mean interval?',
    'randomness.sed=1': 'randomness has no key .sed., .* did you mean seed?',
    'visualizer.vis_backends.0.tpye=X': 'visualizer.vis_backends.0 has no key .tpye., .* did you mean type?',
    'visualizer.vis_backends.5.type=X': 'exceeds the length of list',
    'train_cfg.max_epochs.a=3': '--cfg-options train_cfg.max_epochs.a: ',
}


def options_of(text: str) -> dict[str, str]:
    return dict(word.split('=') for word in text.split())


@pytest.fixture(scope='module')
def synthetic_config() -> Config:
    return Config.fromfile(REPOSITORY / 'configs' / 'rpn_synthetic.py')


@pytest.mark.parametrize('text', REFUSED)
def test_a_key_that_nothing_reads_is_refused_and_the_nearest_is_named(synthetic_config, text) -> None:
    message = REFUSED[text].replace('?', r'\?')
    with pytest.raises(ValueError, match=message):
        checked_options(synthetic_config, options_of(text))
    key, value = text.split('=')
    if 'list' not in message and '.a=' not in text:
        assert checked_options(synthetic_config, {f'+{key}': value}) == {key: value}


@pytest.mark.parametrize('text', [
    'train_cfg.max_epochs=3', 'randomness.seed=1', 'work_dir=x', 'experiment_name=x', 'find_unused_parameters=True',
    'model.localizer.weighting.gamma_t=0.25 model.localizer.weighting=None', 'auto_scale_lr.base_batch_size=16',
    'env_cfg.dist_cfg.backend=gloo', 'model.localizer.weighting=None',
    'train_dataloader.prefetch_factor=3', 'train_dataloader.drop_last=True', 'optim_wrapper.accumulative_counts=2',
    'optim_wrapper.clip_grad.max_norm=1', 'optim_wrapper.type=AmpOptimWrapper optim_wrapper.loss_scale=dynamic',
    'optim_wrapper.paramwise_cfg.norm_decay_mult=0', 'default_hooks.ema.type=EMAHook default_hooks.ema.momentum=0.25',
    'optim_wrapper.optimizer.type=SGD optim_wrapper.optimizer.momentum=0.9', 'test_evaluator.out_file=x.json',
    'visualizer.vis_backends.0.type=TensorboardVisBackend', 'default_hooks.checkpoint.save_best=auto',
    'train_cfg._delete_=True train_cfg.type=IterBasedTrainLoop train_cfg.max_iters=3',
    'train_dataloader.sampler.type=PartOfSomebodyElse train_dataloader.sampler.anything=1'])
def test_keys_that_the_host_or_a_part_reads_are_accepted_as_they_are(synthetic_config, text) -> None:
    assert checked_options(synthetic_config, options_of(text)) == options_of(text)


@pytest.mark.parametrize('tool, more', [('train.py', []), ('test.py', ['checkpoint.pth'])])
def test_the_hosts_tools_get_the_found_config_and_refuse_mistyped_keys(tmp_path, monkeypatch, tool, more) -> None:
    monkeypatch.chdir(tmp_path)
    seen = []
    monkeypatch.setattr(Runner, 'from_cfg', lambda config: seen.append(config) or sys.exit(7))
    write_checkpoint(Path('checkpoint.pth'), model_config())
    for text, end in (('train_cfg.max_epochs=1 +mine.key=2', 7), ('train_cfg.max_epoch=1', 'did you mean max_epochs?'),
                      ('train_cfg', 'expected KEY=VALUE after --cfg-options')):
        monkeypatch.setattr(sys, 'argv', [tool, 'rpn_synthetic', *more, '--allow-partial', '--cfg-options',
                                          *text.split()])
        with pytest.raises(SystemExit) as ended:
            load_tool('_host_tool.py').run(tool)
        assert ended.value.code == end or str(end) in str(ended.value.code)
    config, = seen
    assert config.filename == str(REPOSITORY / 'configs' / 'rpn_synthetic.py') and config.mine.key == 2
    assert config.default_hooks.config_check.allow_partial
    assert config.train_cfg.max_epochs == 1 and config.work_dir == './work_dirs/rpn_synthetic'


def test_a_command_whose_output_nobody_reads_any_more_ends_in_silence(python) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run([python, '-c', 'from rpn_plugin.command_line import one_line_errors\n'
                          'with one_line_errors():\n    print("a table")'], cwd=REPOSITORY, stdout=writer,
                         stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (run.returncode, run.stderr) == (141, '')
