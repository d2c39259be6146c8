"""Points the configs for one's own videos at a data folder."""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT_VARIABLE = 'RPN_CUSTOM_ROOT'
"""Environment variable by which ``configs/_base_/datasets/custom.py`` is pointed at a data folder."""


@contextmanager
def data_root(root: Path | None) -> Iterator[None]:
    """Point the configs for one's own videos at a data folder; None leaves them as they are."""
    before = os.environ.get(ROOT_VARIABLE)
    if root is not None:
        os.environ[ROOT_VARIABLE] = str(root)
    try:
        yield
    finally:
        if before is not None:
            os.environ[ROOT_VARIABLE] = before
        elif root is not None:
            del os.environ[ROOT_VARIABLE]
