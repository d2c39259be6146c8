"""Every command in the documentation runs, as it is written."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from readme_sandbox import REPOSITORY, Sandbox, commands

DOCUMENTS = ('README.md', 'projects_README.md', 'CONTRIBUTING.md',
             *sorted(str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / 'docs').rglob('*.md')))


@pytest.fixture(scope='module')
def sandbox(tmp_path_factory) -> Sandbox:
    return Sandbox(tmp_path_factory.mktemp('readme') / 'rpn_plugin')


def all_commands() -> list[str]:
    """In the order of the documents; later commands may need what earlier ones wrote."""
    return list(dict.fromkeys(command for name in DOCUMENTS for command in commands(REPOSITORY / name)))


@pytest.mark.parametrize('command', all_commands(), ids=lambda command: command[:90])
def test_command_runs(sandbox, command) -> None:
    output = sandbox.run(command)
    if 'quickstart' in command:
        picture = sandbox.root / 'work_dirs' / 'rpn_synthetic' / 'timeline.png'
        assert picture.read_bytes().startswith(b'\x89PNG') and picture.stat().st_size > 10_000
        assert re.search(r'^mAP +\d+ +[\d.]+', output, re.M), 'no mAP table'
        again = sandbox.run(command)
        assert 'trained already' in again and 'installing' not in again + output


def anchors(document: Path) -> list[str]:
    """What links to the headings of a document end with."""
    headings = re.findall(r'^#+ (.+)$', re.sub(r'^```.*?^```', '', document.read_text(), flags=re.M | re.S), re.M)
    return [re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings]


@pytest.mark.parametrize('name', DOCUMENTS)
def test_links_lead_somewhere_and_no_heading_comes_twice(name) -> None:
    document = REPOSITORY / name
    for path, anchor in re.findall(r'\]\(([^)#:]*)(?:#([^)]+))?\)', document.read_text()):
        target = document.parent / path if path else document
        assert target.exists(), f'{name} links to {path}'
        assert not anchor or anchor in anchors(target), f'{name} links to {path}#{anchor}'
    assert len(set(anchors(document))) == len(anchors(document))


def test_the_setup_is_two_commands() -> None:
    assert commands(REPOSITORY / 'README.md')[:2] == ['bash tools/quickstart.sh', 'bash tools/run_tests.sh']


def test_nothing_names_a_path_of_a_developers_machine() -> None:
    for pattern in ('*.md', 'docs/**/*.md', 'configs/**/*.py', 'tools/**/*.py', 'rpn_plugin/**/*.py'):
        for path in REPOSITORY.glob(pattern):
            assert not re.search(r'/(?:home|work|root)/', path.read_text()), path
