"""A file or folder appears whole or not at all."""
from __future__ import annotations

import pytest

from rpn_plugin.files import folder_written_whole, written_whole


def test_a_failure_keeps_the_old_file_and_leaves_no_part(tmp_path) -> None:
    path = tmp_path / 'new' / 'a.txt'
    with written_whole(path) as temporary:
        temporary.write_text('old')
        assert not path.exists() and temporary.suffix == '.txt'
    with pytest.raises(KeyboardInterrupt), written_whole(path) as temporary:
        temporary.write_text('half')
        raise KeyboardInterrupt
    assert path.read_text() == 'old' and list(path.parent.iterdir()) == [path]


def test_a_folder_replaces_another_only_if_allowed_and_whole(tmp_path) -> None:
    path = tmp_path / 'new' / 'set'
    with folder_written_whole(path) as temporary:
        (temporary / 'old').touch()
        assert not path.exists()
    with pytest.raises(FileExistsError, match='set is there already'), folder_written_whole(path):
        pass
    with pytest.raises(KeyboardInterrupt), folder_written_whole(path, overwrite=True) as temporary:
        (temporary / 'half').touch()
        raise KeyboardInterrupt
    assert [file.name for file in path.iterdir()] == ['old']
    with folder_written_whole(path, overwrite=True) as temporary:
        (temporary / 'new').touch()
    assert [file.name for file in path.iterdir()] == ['new'] and list(path.parent.iterdir()) == [path]
