"""A file appears whole or not at all."""
from __future__ import annotations

import pytest

from rpn_plugin.files import written_whole


def test_a_failure_keeps_the_old_file_and_leaves_no_part(tmp_path) -> None:
    path = tmp_path / 'new' / 'a.txt'
    with written_whole(path) as temporary:
        temporary.write_text('old')
        assert not path.exists() and temporary.suffix == '.txt'
    with pytest.raises(KeyboardInterrupt), written_whole(path) as temporary:
        temporary.write_text('half')
        raise KeyboardInterrupt
    assert path.read_text() == 'old' and list(path.parent.iterdir()) == [path]
