"""docs/architecture.md says of parts, shapes and imports what is so."""
from __future__ import annotations

import doctest
import re
from pathlib import Path

from mmaction import registry
from mmengine.registry import LOOPS, Registry
from test_packaging import ROOMS, STRANGERS

import rpn_plugin.apis

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / 'docs' / 'architecture.md'


def section(heading: str) -> str:
    return re.search(rf'^## {heading}\n(.*?)(?=^## |\Z)', PAGE.read_text(), re.M | re.S)[1]


def test_every_part_is_registered_or_an_interface_of_the_package() -> None:
    registries = [held for held in vars(registry).values() if isinstance(held, Registry)] + [LOOPS]
    known = {name for held in registries for name in held.module_dict} | set(vars(rpn_plugin.apis))
    named = set(re.findall(r'`([A-Z]\w+)`', section('The parts')))
    assert len(named) > 30 and named <= known


def test_the_shapes_are_those_of_a_model(monkeypatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 15 and result.failed == 0


def test_the_rooms_and_what_they_never_import_are_those_that_are_tested() -> None:
    rows = re.findall(r'^\| (\w+) \|[^|]+\|(.*)\|$', section('What never imports what'), re.M)[1:]
    assert tuple(room for room, _ in rows) == ROOMS
    assert {room: sorted(strangers.strip().split(', ')) for room, strangers in rows if strangers.strip()} == {
        room: sorted(strangers) for room, strangers in STRANGERS.items()}
