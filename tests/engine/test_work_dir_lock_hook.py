"""Two trainings in one folder: the second one is refused by name, and a dead one stands in nobody's way."""
from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.config import Config

from rpn_plugin.analysis import scorer
from rpn_plugin.engine import WorkDirLockHook
from rpn_plugin.engine.hooks import work_dir_lock_hook
from rpn_plugin.locks import FileLock, NoFileLocksError


@pytest.fixture(autouse=True)
def _as_another_process(monkeypatch) -> None:
    monkeypatch.setattr(work_dir_lock_hook, '_held', {})


def runner(folder: Path) -> SimpleNamespace:
    return SimpleNamespace(work_dir=str(folder), logger=logging.getLogger('test'))


def test_a_second_training_is_refused_and_told_whose_folder_it_is(tmp_path, monkeypatch) -> None:
    WorkDirLockHook().before_train(runner(tmp_path))
    first = work_dir_lock_hook._held
    monkeypatch.setattr(work_dir_lock_hook, '_held', {})
    with pytest.raises(RuntimeError, match=fr'^{re.escape(str(tmp_path))} is in use by another training \(process '
                                           fr'{os.getpid()} on .* since 20.*\): .* --work-dir'):
        WorkDirLockHook().before_train(runner(tmp_path))
    monkeypatch.setattr(work_dir_lock_hook, '_held', first)
    WorkDirLockHook().after_train(runner(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_file_that_a_killed_training_left_and_an_own_failed_one_do_not_matter(tmp_path) -> None:
    (tmp_path / work_dir_lock_hook.LOCK).write_text('process 1 on another machine')
    WorkDirLockHook().before_train(runner(tmp_path))
    WorkDirLockHook().before_train(runner(tmp_path / '..' / tmp_path.name))  # again, in a notebook
    WorkDirLockHook().after_train(runner(tmp_path))
    assert FileLock(tmp_path / work_dir_lock_hook.LOCK).acquire()


def test_without_locks_training_goes_on_with_a_warning(tmp_path, monkeypatch, caplog) -> None:
    def acquire(self: FileLock, note: str) -> bool:
        raise NoFileLocksError(37, 'No locks available')

    monkeypatch.setattr(FileLock, 'acquire', acquire)
    WorkDirLockHook().before_train(runner(tmp_path))
    WorkDirLockHook().after_train(runner(tmp_path))
    assert 'has no locks (No locks available)' in caplog.text


def test_every_process_of_a_group_hears_what_the_main_one_found(tmp_path, monkeypatch) -> None:
    def from_main(objects: list) -> None:
        objects[0] = 'process 7 on a machine'

    monkeypatch.setattr(work_dir_lock_hook, 'is_main_process', lambda: False)
    monkeypatch.setattr(work_dir_lock_hook, 'broadcast_object_list', from_main)
    with pytest.raises(RuntimeError, match='in use by another training .process 7'):
        WorkDirLockHook().before_train(runner(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_search_does_not_remove_the_folder_of_a_training_that_runs(tmp_path) -> None:
    assert work_dir_lock_hook.training_in(tmp_path) is None
    WorkDirLockHook().before_train(runner(tmp_path))
    with pytest.raises(RuntimeError, match=f'in use by another training .process {os.getpid()}'):
        scorer.train(Config(), tmp_path, seed=0)
    WorkDirLockHook().after_train(runner(tmp_path))
    (tmp_path / work_dir_lock_hook.LOCK).touch()  # of a killed one
    assert work_dir_lock_hook.training_in(tmp_path) is None
