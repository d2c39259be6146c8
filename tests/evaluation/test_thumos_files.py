"""The challenge's class indices."""
from __future__ import annotations

from pathlib import Path

import pytest

from rpn_plugin.evaluation.thumos_files import CLASS_OF_INDEX


def test_the_indices_are_those_of_the_challenge(shared_data: Path) -> None:
    path = shared_data / 'thumos14' / 'official' / 'thumos14-test-annotations' / 'detclasslist.txt'
    if not path.is_file():
        pytest.skip(f'no {path}')
    lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
    assert {int(index): name for index, name in lines} == CLASS_OF_INDEX
