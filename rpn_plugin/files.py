"""Files and folders that appear whole or not at all."""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` to write to; it takes the place of ``path`` only if nothing went wrong.

    The folder is made, the suffix is kept, and a failed attempt leaves neither a partial file nor a changed old one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.stem}.part{path.suffix}')
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def folder_written_whole(path: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside ``path`` to fill; it takes the place of ``path`` only if nothing went wrong.

    Args:
        path: The folder; those above it are made.
        overwrite: Whether one that is there may be replaced.

    Raises:
        FileExistsError: If there is one and it may not.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise FileExistsError(f'{path} is there already. Name another folder, or allow it to be replaced (overwrite).')
    temporary, replaced = path.with_name(f'.{path.name}.part'), path.with_name(f'.{path.name}.replaced')
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if path.exists():
            path.replace(replaced)
        temporary.replace(path)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
