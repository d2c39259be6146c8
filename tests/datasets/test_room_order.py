"""The parts of ``rpn_plugin.datasets`` stand in an order: readers and stores, then checking, then the data sets."""
from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / 'rpn_plugin'
ROOM = PACKAGE / 'datasets'
ORDER = ('slow_storage', 'formats', 'faults', 'feature_readers', 'sidecars', 'samplers', 'videos', 'annotations',
         'synthetic', 'feature_stores', 'data_folder', 'found_data', 'checking', 'composition', 'conversion_target',
         'conversion', 'transforms', 'untrimmed_feature_dataset', 'statistics', 'untrimmed_video_dataset', 'sources',
         '__init__')
"""Each part may import those before it."""


def imported_files(file: Path) -> set[Path]:
    """Files of the package that a file imports, inside functions, too."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{file}: imports are absolute'
            modules |= {node.module, *(f'{node.module}.{alias.name}' for alias in node.names)}
    paths = [PACKAGE.parent / module.replace('.', '/') for module in modules if module.split('.')[0] == 'rpn_plugin']
    return {candidate for path in paths for candidate in (path.with_suffix('.py'), path / '__init__.py')
            if candidate.is_file()}


def part(file: Path) -> str:
    """The part of the room that a file belongs to."""
    return file.relative_to(ROOM).parts[0].removesuffix('.py')


IMPORTS = {file: imported_files(file) for file in sorted(ROOM.rglob('*.py'))}


def parts_imported_by(name: str) -> set[str]:
    return {part(other) for file, others in IMPORTS.items() if part(file) == name
            for other in others if other.is_relative_to(ROOM)} - {name}


def test_every_part_has_a_place() -> None:
    assert {part(file) for file in IMPORTS} == set(ORDER) and len(IMPORTS) > len(ORDER)


@pytest.mark.parametrize('name', ORDER)
def test_a_part_imports_only_parts_before_it(name) -> None:
    before = set(ORDER[:ORDER.index(name)])
    assert parts_imported_by(name) <= before


def test_formats_know_nothing_else_and_checking_knows_readers_and_stores_only() -> None:
    assert parts_imported_by('formats') == set()
    assert parts_imported_by('checking') <= {'annotations', 'faults', 'feature_stores', 'slow_storage'}


def test_no_file_imports_itself_in_a_circle() -> None:
    names = {file: {other for other in others if other.is_relative_to(ROOM)} for file, others in IMPORTS.items()}
    assert len(list(TopologicalSorter(names).static_order())) == len(IMPORTS)  # a CycleError names the circle


def test_the_room_builds_on_structures_and_files_only() -> None:
    rooms = {other.relative_to(PACKAGE).parts[0] for others in IMPORTS.values() for other in others}
    assert rooms <= {'datasets', 'files.py', 'foreign_files.py', 'json_text.py', 'pickle_machine.py', 'stored_array.py',
                     'structures', 'thumos_annotations.py'}
