"""JSON is read in one way, and a file or folder appears whole or not at all."""
from __future__ import annotations

import math
import multiprocessing
import os
import re
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from rpn_plugin import files
from rpn_plugin.files import (
    LONGEST_NAME,
    FullDiskError,
    folder_written_whole,
    path_inside,
    read_json,
    read_text,
    shown,
    unsafe_name,
    unsafe_text,
    written_whole,
)
from rpn_plugin.json_text import DuplicateKeyError


def test_an_object_is_read_with_its_numbers_and_order(tmp_path) -> None:
    path = tmp_path / 'a.json'
    path.write_text('{"b": [NaN, Infinity, -Infinity], "a": {"ü": 12345678901234567890123, "c": 0.1}}',
                    encoding='utf-8')
    content = read_json(str(path))
    assert list(content) == ['b', 'a'] and content['a'] == {'ü': 12345678901234567890123, 'c': 0.1}
    assert math.isnan(content['b'][0]) and content['b'][1:] == [math.inf, -math.inf]


@pytest.mark.parametrize('content, message', [
    (b'', 'not a JSON file: Expecting value'),
    (b'{', 'not a JSON file: Expecting property name'),
    (b'{\n"a": "\xe9"}', r'line 2 is no text in UTF-8 \(byte 0xe9\).*iconv'),
    (b'{"a": ' + b'[' * 100_000, 'not a JSON file: .*recursion'),
    (b'{"a": ' + b'9' * 10_000 + b'}', 'not a JSON file: .*digits'),
    (b'[]', 'expected a JSON object, but got a list'),
    (b'null', 'expected a JSON object, but got a NoneType'),
], ids=('empty', 'cut', 'Latin-1', 'too deep', 'too many digits', 'a list', 'null'))
def test_what_is_no_json_object_is_refused_by_its_name(tmp_path, content, message) -> None:
    path = tmp_path / 'a.json'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f'{re.escape(str(path))}: {message}'):
        read_json(path)


@pytest.mark.parametrize('content', ['{"a": 1, "b": 2, "a": 1}', '{"b": [{"c": {"a": 1, "a": 2}}]}'])
def test_a_key_that_stands_twice_is_refused_at_any_depth(tmp_path, content) -> None:
    path = tmp_path / 'a.json'
    path.write_text(content)
    with pytest.raises(DuplicateKeyError, match=fr"{re.escape(str(path))}: .*keys twice: \['a'\]"):
        read_json(path)


def test_a_json_file_that_cannot_be_opened_is_an_error_of_the_system(tmp_path) -> None:
    for path in (tmp_path / 'absent.json', tmp_path):
        with pytest.raises(OSError, match=path.name):
            read_json(path)


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


@pytest.mark.parametrize('name', ['../up', '../../../../x', '/etc/passwd', 'a/b', 'a\\b', '..', '.', '', 'a\0b', 'a\nb',
                                  'x' * (LONGEST_NAME + 1), '\ud800', 'ab\u202egpj', '\x1b[2J', 3, None])
def test_a_name_that_leads_elsewhere_or_cannot_be_one_is_refused(name, tmp_path) -> None:
    assert unsafe_name(name)
    with pytest.raises(ValueError, match='cannot name a file in .*Rename the video'):
        path_inside(tmp_path, name, '.npy')


@pytest.mark.parametrize('name', ['video_test_0000004', 'v_-5 $^', '.hidden', '...', '\u7af6\u6cf3', 'a|b', 'CON',
                                  '=1+1', '$frac{$', 'x' * LONGEST_NAME])
def test_an_odd_name_that_stays_in_its_folder_is_taken(name, tmp_path) -> None:
    path = path_inside(tmp_path, name, '.npy')
    path.write_bytes(b'')
    assert path.parent == tmp_path and [entry.name for entry in tmp_path.iterdir()] == [f'{name}.npy']


@pytest.mark.parametrize('content', ['Saut \u00e0 la perche\n'.encode(encoding) for encoding in
                                     ('utf-8', 'utf-8-sig', 'utf-16')])
def test_a_text_is_read_in_every_encoding_that_says_what_it_is(tmp_path, content) -> None:
    (tmp_path / 'a.txt').write_bytes(content)
    assert read_text(tmp_path / 'a.txt') == 'Saut \u00e0 la perche\n'


def test_what_would_make_a_reader_wait_or_fill_memory_is_refused(tmp_path, monkeypatch) -> None:
    os.mkfifo(tmp_path / 'pipe')
    for read in (read_text, read_json):
        with pytest.raises(ValueError, match='pipe: expected a file, but it is a pipe or a device'):
            read(tmp_path / 'pipe')
    (tmp_path / 'long.json').write_text('[' * 100)
    monkeypatch.setattr('rpn_plugin.files.MOST_TEXT_BYTES', 99)
    with pytest.raises(ValueError, match='long.json: has 100 bytes; 99 are the most'):
        read_json(tmp_path / 'long.json')


@pytest.mark.parametrize('value', [None, 3, '', ' ', 'a\nb', '\ud800', 'x' * (LONGEST_NAME + 1), ['a']])
def test_what_is_no_name_of_a_class_is_told(value) -> None:
    assert unsafe_text(value)


def test_a_value_is_shown_short_however_long_or_deep_it_is() -> None:
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, 10**5000, 'x' * 10**6, {'a': 'b' * 1000}):
        assert len(shown(value)) <= LONGEST_NAME + 3
    while deep:  # Python frees nested lists one inside the other
        deep = deep.pop()


def test_writers_of_one_file_or_folder_do_not_touch_each_others_work(tmp_path) -> None:
    with written_whole(tmp_path / 'a') as first:
        first.write_text('first')
        files._clear_rooms.cache_clear()
        with written_whole(tmp_path / 'a') as second:
            second.write_text('second')
    assert (tmp_path / 'a').read_text() == 'first', 'the last one counts'
    with folder_written_whole(tmp_path / 'b', overwrite=True) as first:
        (first / 'first').touch()
        files._clear_rooms.cache_clear()
        with folder_written_whole(tmp_path / 'b', overwrite=True) as second:
            (second / 'second').touch()
    assert {path.name for path in tmp_path.rglob('*')} == {'a', 'b', 'first'}


def write_until_killed(folder: Path) -> None:
    """Die by SIGKILL in the middle of writing a file and of putting a folder in the place of another."""
    with folder_written_whole(folder / 'set', overwrite=True) as new, written_whole(folder / 'b.npy') as half:
        (new / 'new').touch()
        half.write_text('half')
        (folder / 'set').replace(new.with_name(files.REPLACED))  # its first step when it is whole
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_process_left_is_no_result_and_the_next_write_removes_it(tmp_path) -> None:
    (tmp_path / 'set').mkdir()
    process = multiprocessing.get_context('fork').Process(target=write_until_killed, args=(tmp_path, ))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    left = list(tmp_path.iterdir())
    assert len(left) == 2 and all(path.name.startswith(files.ROOM) for path in left)
    elsewhere = tmp_path / '.part-another-machine'
    elsewhere.mkdir()
    with written_whole(tmp_path / 'c.npy') as path:
        path.write_text('whole')
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob('*')} == {
        'c.npy', 'set', 'set/new', elsewhere.name}


def save_half(path: Path) -> None:
    path.write_bytes(b'half')
    raise RuntimeError('basic_ios::clear: iostream error')  # what torch says


@pytest.mark.parametrize('write, free, sizes', [
    (lambda path: path.symlink_to('/dev/full') or path.write_bytes(b'new'), 10**9, '0 bytes .* 1000000000 are free'),
    (save_half, 100, '4 bytes were written and 100 are free'),
], ids=('said by the system', 'hidden by a library'))
def test_a_full_disk_is_named_with_file_and_sizes_in_one_line(tmp_path, monkeypatch, write, free, sizes) -> None:
    (tmp_path / 'a').write_text('old')
    monkeypatch.setattr('shutil.disk_usage', lambda path: SimpleNamespace(free=free))
    message = rf'^\[Errno 28\] No space left on the disk: {sizes}. .*: {re.escape(repr(str(tmp_path / "a")))}$'
    with pytest.raises(FullDiskError, match=message), written_whole(tmp_path / 'a') as temporary:
        write(temporary)
    assert [path.name for path in tmp_path.iterdir()] == ['a'] and (tmp_path / 'a').read_text() == 'old'


def test_another_failure_keeps_its_own_words(tmp_path) -> None:
    with pytest.raises(RuntimeError, match='^basic_ios'), written_whole(tmp_path / 'a') as temporary:
        save_half(temporary)
