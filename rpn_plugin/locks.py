"""Locks on files, which the system releases when their process ends, however it ends."""
from __future__ import annotations

import errno
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}

_held: set[int] = set()
"""Descriptors of the locks of this process."""


class NoFileLocksError(OSError):
    """The system or the file system has no locks."""


class FileLock:
    """A lock on a file, which at most one holder on this machine has at a time.

    It is ``flock``'s: a second one in the same process waits like one of another process, and processes that are forked
    from the holder do not hold it.

    Args:
        path: The file; it is there while the lock is held, and stays behind, unlocked, where the holder is killed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._descriptor: int | None = None

    def acquire(self, note: str = '') -> bool:
        """Take the lock; False if another holder has it.

        Args:
            note: Written into the file, for those who do not get the lock.

        Raises:
            NoFileLocksError: If the system or the file system has no locks.
            OSError: If the file cannot be opened.
        """
        if fcntl is None:
            raise NoFileLocksError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), str(self.path))
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(descriptor, self.path):  # else the holder removed it between the two calls above
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, note.encode())
                    self._descriptor = descriptor
                    _held.add(descriptor)
                    return True
            except BlockingIOError:
                return False
            except OSError as error:
                if error.errno in UNSUPPORTED:
                    raise NoFileLocksError(error.errno, error.strerror, str(self.path)) from error
                raise
            finally:
                if self._descriptor is None:
                    os.close(descriptor)

    def release(self) -> None:
        """Remove the file and give the lock up; nothing happens where it is not held, as in a forked process."""
        if self._descriptor is None or self._descriptor not in _held:
            return
        if _is_at(self._descriptor, self.path):
            self.path.unlink()
        _held.discard(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = None


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _close_in_child() -> None:
    """Let a forked process, such as a worker of a data loader, not keep a lock that its parent's death should free."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_close_in_child)
