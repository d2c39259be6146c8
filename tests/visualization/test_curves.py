"""Curves come back from their file, or the file is refused."""
from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from rpn_plugin.visualization import Curves


def test_curves_come_back(tmp_path) -> None:
    values = np.random.default_rng(0).random((7, 2), dtype=np.float32)
    Curves(('Diving', 'Tai chi é'), values, 0.25, 0.64).write(tmp_path / 'new' / 'a.npz')
    read = Curves.read(tmp_path / 'new' / 'a.npz')
    assert (read.labels, read.start_sec, read.step_sec) == (('Diving', 'Tai chi é'), 0.25, 0.64)
    np.testing.assert_array_equal(read.values, values)


class Evil:
    """Pickles as a call."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ('ran', )


def test_what_is_not_curves_is_refused_and_runs_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'text.npz').write_text('no curves')
    np.savez(tmp_path / 'other.npz', values=np.zeros(3))
    np.savez(tmp_path / 'evil.npz', labels=np.array([Evil()], dtype=object), values=np.zeros((3, 1)), start_sec=0,
             step_sec=1)
    np.savez(tmp_path / 'nan.npz', labels=np.array(['a']), values=np.full((3, 1), np.nan), start_sec=0, step_sec=1)
    Curves(('a', ), np.random.default_rng(0).random((500, 1)), 0.0, 1.0).write('deflate.npz')
    content = bytearray(Path('deflate.npz').read_bytes())
    content[300:500] = b'\xff' * 200
    Path('deflate.npz').write_bytes(content)
    np.savez(tmp_path / 'numbers.npz', labels=np.zeros(1), values=np.zeros((3, 1)), start_sec=0, step_sec=1)
    for name in ('text.npz', 'other.npz', 'evil.npz', 'nan.npz', 'nowhere.npz', 'deflate.npz', 'numbers.npz'):
        with pytest.raises(ValueError, match=f'{name}: no curves as tools/localize.py writes them'):
            Curves.read(tmp_path / name)
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('change, message', [
    (dict(values=np.zeros((3, 2))), r'shape \(T, 1\)'), (dict(values=np.full((3, 1), np.inf)), 'finite curves'),
    (dict(step_sec=0.0), 'positive step'), (dict(start_sec=np.nan), 'finite start')])
def test_curves_that_do_not_fit_are_refused(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        Curves(**dict(labels=('a', ), values=np.zeros((3, 1)), start_sec=0.0, step_sec=1.0) | change)
