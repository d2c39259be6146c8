"""A lock has one holder, dies with it, and is not inherited."""
from __future__ import annotations

import errno
import multiprocessing
import os
import signal

import pytest

from rpn_plugin.locks import FileLock, NoFileLocksError, fcntl

pytestmark = pytest.mark.skipif(fcntl is None, reason='no locks on this system')
FORK = multiprocessing.get_context('fork') if fcntl else None


def test_a_second_holder_waits_until_the_first_gives_it_up(tmp_path) -> None:
    first, second = FileLock(tmp_path / 'lock'), FileLock(tmp_path / 'lock')
    assert first.acquire('the first') and not second.acquire('the second')
    assert second.path.read_text() == 'the first'
    first.release()
    assert not list(tmp_path.iterdir()) and second.acquire('2')
    assert second.path.read_text() == '2' and not first.acquire()
    first.release()
    assert second.path.exists(), 'who does not hold it cannot remove it'


def test_a_killed_holder_holds_nothing_though_a_process_that_it_forked_lives_on(tmp_path) -> None:
    ours, theirs = FORK.Pipe()

    def work(inherited: FileLock) -> None:
        inherited.release()
        theirs.send(os.getpid())
        signal.pause()

    def hold() -> None:
        lock = FileLock(tmp_path / 'lock')
        assert lock.acquire('dead')
        FORK.Process(target=work, args=(lock, )).start()
        signal.pause()

    holder = FORK.Process(target=hold)
    holder.start()
    worker = ours.recv()
    assert not FileLock(tmp_path / 'lock').acquire()
    holder.kill()
    holder.join()
    assert FileLock(tmp_path / 'lock').acquire('alive') and (tmp_path / 'lock').read_text() == 'alive'
    os.kill(worker, signal.SIGKILL)


def test_a_file_that_is_removed_while_it_is_locked_is_not_taken_for_the_lock(tmp_path, monkeypatch) -> None:
    first, second = FileLock(tmp_path / 'lock'), FileLock(tmp_path / 'lock')
    flock = fcntl.flock
    assert first.acquire()

    def between(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, 'flock', flock)
        first.release()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, 'flock', between)
    assert second.acquire() and not first.acquire()


@pytest.mark.parametrize('number', [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_says_so(tmp_path, monkeypatch, number) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, 'flock', refuse)
    with pytest.raises(NoFileLocksError, match='lock'):
        FileLock(tmp_path / 'lock').acquire()
