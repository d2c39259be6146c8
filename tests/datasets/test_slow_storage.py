"""Files of a slow file system are read side by side, in order, and their faults come as from a fast one."""
from __future__ import annotations

import threading
import time

import pytest

from rpn_plugin.datasets.slow_storage import THREADS, TRIED, map_files


def test_items_that_make_one_wait_are_read_side_by_side_and_stay_in_order() -> None:
    seen = set()

    def read(item: int) -> int:
        seen.add(threading.get_ident())
        time.sleep(0.004)
        return 2 * item

    items = list(range(TRIED + 4 * THREADS))
    assert map_files(read, items) == [2 * item for item in items]
    assert len(seen) > THREADS // 2


def test_items_that_are_read_fast_need_no_threads() -> None:
    seen = set()
    assert map_files(lambda item: seen.add(threading.get_ident()), [None] * 500) == [None] * 500
    assert seen == {threading.get_ident()}


def test_what_one_raises_is_raised() -> None:
    def read(item: int) -> int:
        time.sleep(0.004)
        if item == TRIED + 5:
            raise ValueError(f'video {item}')
        return item

    with pytest.raises(ValueError, match=f'video {TRIED + 5}'):
        map_files(read, range(TRIED + 20))
