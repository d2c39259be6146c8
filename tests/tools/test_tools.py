"""Tools fail with one line that helps. (What they do when all is well is tested with the README's commands.)"""
from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from rpn_plugin.files import read_json

REPOSITORY = Path(__file__).resolve().parents[2]


def run(python: str, tool: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    return subprocess.run([python, '-W', 'ignore', str(REPOSITORY / 'tools' / tool), *arguments], cwd=cwd,
                          capture_output=True, text=True)


@pytest.mark.parametrize('content, message', [
    (None, 'found.json'),
    ('{', 'found.json: not a JSON file'),
    ('{"results": {"va": [{"label": "Diving"}]}}', 'found.json: video va has'),
])
def test_scoring_a_bad_file_exits_with_1_and_one_line(python, tmp_path, tiny, content, message) -> None:
    if content is not None:
        (tmp_path / 'found.json').write_text(content)
    done = run(python, 'analysis/evaluate.py', 'found.json', str(tiny.root / 'annotations.json'), cwd=tmp_path)
    assert done.returncode == 1 and message in done.stderr and 'Traceback' not in done.stderr


def test_the_synthetic_set_takes_its_recipe_from_the_command_line(python, tmp_path) -> None:
    done = run(python, 'data/make_synthetic.py', '--out', 'made', '--num-train', '3', '--num-test', '2', '--seed', '7',
               cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '3 train videos, 2 test videos' in done.stdout
    assert len(list((tmp_path / 'made' / 'features' / 'flow').glob('train_*.npy'))) == 3


def test_features_are_made_for_annotations_that_are_there(python, tmp_path, tiny) -> None:
    like = ('data/make_synthetic.py', '--like', str(tiny.root / 'annotations.json'), '--out', 'made')
    refused = run(python, *like, '--num-train', '3', cwd=tmp_path)
    assert refused.returncode == 2 and '--num-train: the videos are those of --like' in refused.stderr
    own = run(python, *like[:3], '--out', str(tiny.root), cwd=tmp_path)
    assert own.returncode == 2 and 'would be replaced' in own.stderr and (tiny.root / 'annotations.json').is_file()
    done = run(python, *like, '--feature-dim', '32', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    given, made = (read_json(folder / 'annotations.json') for folder in (tiny.root, tmp_path / 'made'))
    assert made['database'] == given['database']
    assert np.load(next((tmp_path / 'made' / 'features' / 'rgb').glob('*.npy'))).shape[1] == 32


def test_training_tools_have_the_hosts_options(python, tmp_path) -> None:
    options = run(python, 'train.py', '--help', cwd=tmp_path).stdout
    assert all(name in options for name in ('--resume', '--amp', '--auto-scale-lr', '--cfg-options', '--launcher',
                                            '--allow-partial'))
    assert '--dump' in run(python, 'test.py', '--help', cwd=tmp_path).stdout


@pytest.mark.parametrize('script', sorted(path.name for path in (REPOSITORY / 'tools').glob('*.sh')))
def test_shell_scripts_parse(script) -> None:
    assert subprocess.run(['bash', '-n', str(REPOSITORY / 'tools' / script)]).returncode == 0
