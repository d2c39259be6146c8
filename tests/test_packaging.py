"""The distribution says what it needs and holds what it should."""
from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

import rpn_plugin
from rpn_command import overview

REPOSITORY = Path(__file__).resolve().parents[1]
THIRD_PARTY = {'torch': 'torch', 'mmengine': 'mmengine', 'mmaction': 'mmaction2', 'mmcv': 'mmcv-lite', 'numpy': 'numpy',
               'matplotlib': 'matplotlib', 'h5py': 'h5py', 'av': 'av', 'cv2': 'opencv-contrib-python', 'scipy': 'scipy',
               'sklearn': 'scikit-learn', 'onnx': 'onnx', 'onnxruntime': 'onnxruntime', 'msgspec': 'msgspec',
               'openpyxl': 'openpyxl'}


@pytest.fixture(scope='module')
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """Built as a release is: from the source distribution."""
    target = tmp_path_factory.mktemp('wheel')
    source = target / 'source'
    for folder in ('rpn_plugin', 'configs', 'tools'):
        shutil.copytree(REPOSITORY / folder, source / folder, ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('setup.py', 'pyproject.toml', 'MANIFEST.in', 'rpn_command.py', 'README.md', 'LICENSE',
                 'projects_README.md', 'model-index.yml'):
        shutil.copy(REPOSITORY / name, source)
    setup(source, 'sdist', '-q', '-d', str(target))
    archive, = target.glob('*.tar.gz')
    shutil.unpack_archive(archive, target / 'unpacked')
    setup(target / 'unpacked' / archive.name.removesuffix('.tar.gz'), 'bdist_wheel', '-q', '-d', str(target))
    return zipfile.ZipFile(next(target.glob('*.whl')))


def setup(source: Path, *arguments: str) -> None:
    """Run setup.py with the setuptools that is there: no isolated environment, no network."""
    code = f'import sys; sys.argv[1:] = {[*arguments]}; ' \
           'exec(open("setup.py").read(), {"__file__": "setup.py", "__name__": "__main__"})'
    run = subprocess.run([sys.executable, '-c', code], cwd=source, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_wheel_holds_every_module_and_nothing_else(wheel) -> None:
    held = {name for name in wheel.namelist() if '.dist-info/' not in name and '/.mim/' not in name}
    package = REPOSITORY / 'rpn_plugin'
    sources = [path for pattern in ('*.py', 'py.typed', 'report_page/*') for path in package.rglob(pattern)]
    assert held == {'rpn_command.py', *(str(path.relative_to(REPOSITORY)) for path in sources)}


def test_mim_finds_every_config_and_tool_in_the_wheel(wheel) -> None:
    held = {name.split('/.mim/')[1] for name in wheel.namelist() if '/.mim/' in name}
    configs = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / 'configs').rglob('*.[py][ym]*')
               if '__pycache__' not in path.parts}
    tools = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / 'tools').rglob('*.py')}
    assert held == {*configs, *tools, 'model-index.yml', 'projects_README.md'}
    assert 'configs/metafile.yml' in configs and 'tools/train.py' in tools


def test_the_wheel_brings_a_command_that_works_without_the_repository(wheel, tmp_path) -> None:
    place, empty = tmp_path / 'site', tmp_path / 'empty'
    install = ['-m', 'pip', 'install', '--no-deps', '--no-index', '--no-compile', '--disable-pip-version-check', '-q']
    subprocess.run([sys.executable, *install, '--target', str(place), wheel.filename], check=True)
    empty.mkdir()
    segment = {'label': 'Diving', 'segment': [1.0, 5.0]}
    (empty / 'found.json').write_text(json.dumps({'results': {'v': [{**segment, 'score': 0.9}]}}))
    (empty / 'truth.json').write_text(json.dumps({'database': {'v': {
        'subset': 'test', 'duration': 9.0, 'annotations': [segment]}}}))

    def rpn(*arguments: str, command: Sequence[str] = (str(place / 'bin' / 'rpn'), )) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, '-W', 'ignore', *command, *arguments], cwd=empty, capture_output=True,
                              text=True, env={**os.environ, 'PYTHONPATH': str(place)})

    assert rpn('--help').stdout == rpn().stdout == overview() + '\n'
    assert 'usage: rpn train ' in rpn('train', 'rpn_synthetic', '--help').stdout
    scored = rpn('evaluate', 'found.json', 'truth.json', command=('-m', 'rpn_plugin'))
    assert scored.returncode == 0 and '100.00' in scored.stdout, scored.stderr
    mim_runs = (str(place / 'rpn_plugin' / '.mim' / 'tools' / 'train.py'), )
    refused = rpn('rpn_synthetic', '--cfg-options', 'train_cfg.max_epoch=1', command=mim_runs)
    assert refused.returncode == 1 and 'did you mean max_epochs?' in refused.stderr, refused.stderr


def test_the_metadata_declares_the_requirements(wheel) -> None:
    metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith('METADATA'))).decode()
    required = set(re.findall(r'^Requires-Dist: (.*)$', metadata, re.M))
    assert {'torch>=2.6', 'mmengine>=0.10.7', 'mmaction2>=1.2.0', 'numpy>=1.26', 'importlib_metadata',
            'matplotlib', 'msgspec>=0.19', 'opencv-contrib-python', 'scipy'} <= required
    assert 'mmcv-lite<2.2,>=2.1; extra == "lite"' in required
    assert 'av>=14; extra == "video"' in required and 'scikit-learn; extra == "figures"' in required
    assert 'Name: rpn-plugin' in metadata and 'Requires-Python: >=3.10' in metadata
    assert f'Version: {rpn_plugin.__version__}\n' in metadata and 'License: Apache-2.0' in metadata
    licence, = (name for name in wheel.namelist() if name.endswith('LICENSE'))
    assert 'Apache License' in wheel.read(licence).decode()[:100]


def test_citation_and_changelog_name_this_version() -> None:
    citation = yaml.safe_load((REPOSITORY / 'CITATION.cff').read_text())
    assert citation['version'] == rpn_plugin.__version__ and citation['license'] == 'Apache-2.0'
    assert citation['preferred-citation']['doi'] in (REPOSITORY / 'projects_README.md').read_text()
    newest = re.search(r'^## \[(.*?)\]', (REPOSITORY / 'CHANGELOG.md').read_text(), re.M)
    assert newest and newest[1] == rpn_plugin.__version__


def test_every_third_party_import_is_declared() -> None:
    imported = set()
    for path in (REPOSITORY / 'rpn_plugin').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split('.')[0])
    assert imported - set(sys.stdlib_module_names) - {'rpn_plugin', 'rpn_command'} == set(THIRD_PARTY)


def test_the_tested_versions_pin_every_requirement_and_torch_first() -> None:
    lines = [line for line in (REPOSITORY / 'requirements' / 'tested.txt').read_text().splitlines() if line[0] != '#']
    assert lines[0].startswith('torch==') and all('==' in line for line in lines)
    pinned = {line.split('==')[0] for line in lines}
    assert {*THIRD_PARTY.values(), 'importlib_metadata', 'pytest', 'hypothesis'} <= pinned


ROOMS = ('structures', 'datasets', 'models', 'evaluation', 'deployment', 'inspection', 'visualization', 'engine',
         'apis', 'analysis')
"""In the order of the data; a room knows those before it and none behind it."""

STRANGERS = {'models': ('datasets', ), 'evaluation': ('models', 'datasets'),
             'visualization': ('models', 'datasets', 'deployment', 'inspection')}
"""Rooms before it that a room does not know either."""


def rooms_that(room: str) -> dict[str, str]:
    """Rooms that a room imports, each with a file that does."""
    found = {}
    for path in (REPOSITORY / 'rpn_plugin' / room).rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names] if \
                isinstance(node, ast.Import) else []
            found.update({name.split('.')[1]: str(path) for name in names if name and name.startswith('rpn_plugin.')})
    return found


@pytest.mark.parametrize('room', ROOMS)
def test_a_room_imports_nothing_up_the_way_of_the_data_and_no_stranger(room: str) -> None:
    folders = {path.name for path in (REPOSITORY / 'rpn_plugin').iterdir() if (path / '__init__.py').exists()}
    assert folders == set(ROOMS)
    forbidden = {*ROOMS[ROOMS.index(room) + 1:], *STRANGERS.get(room, ())}
    imported = rooms_that(room)
    assert not {name: path for name, path in imported.items() if name in forbidden}
    assert room == 'structures' or imported, 'the test sees no import at all'


def test_git_ignores_no_source_file() -> None:
    if not (REPOSITORY / '.git').exists():
        pytest.skip('not a git checkout')
    ignored = subprocess.run(['git', 'ls-files', '--others', '--ignored', '--exclude-standard', 'rpn_plugin', 'tools',
                              'tests', 'configs'], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert not [name for name in ignored.stdout.split() if name.endswith(('.py', '.sh'))]
