"""Arrays and tensors of strangers: declared sizes, files in the place of others, and what is no plain array."""
from __future__ import annotations

import os
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.feature_readers import READERS
from rpn_plugin.datasets.feature_stores import open_store
from rpn_plugin.foreign_files import MOST_BYTES, load_tensors, map_array, read_npz

HUGE = (2**20, 2**14)
VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


def header(shape: tuple[int, ...], dtype: str = '<f4') -> bytes:
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + '\n'
    return b'\x93NUMPY\x01\x00' + len(text).to_bytes(2, 'little') + text.encode()


def npy(shape: tuple[int, ...], dtype: str = '<f4') -> Callable[[Path], None]:
    return lambda path: path.write_bytes(header(shape, dtype) + bytes(64))


def npz(entry: bytes, method: int = zipfile.ZIP_DEFLATED) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, 'w', method) as archive:
            archive.writestr('rgb.npy', entry)
    return write


def damaged_npz(method: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        npz(header((40, 30)) + np.random.default_rng(0).bytes(4800), method)(path)
        damaged = bytearray(path.read_bytes())
        damaged[200:260] = bytes(60)
        path.write_bytes(damaged)
    return write


def declared_h5(path: Path) -> None:
    with h5py.File(path, 'w') as file:
        file.create_dataset('rgb', HUGE, 'f4', chunks=(64, 64))


def linked_h5(path: Path) -> None:
    with h5py.File(path.with_name('other.h5'), 'w') as file:
        file['secret'] = VALUES
    with h5py.File(path, 'w') as file:
        file['rgb'] = h5py.ExternalLink('other.h5', '/secret')


def external_h5(path: Path) -> None:
    path.with_name('secret.bin').write_bytes(bytes(24))
    with h5py.File(path, 'w') as file:
        file.create_dataset('rgb', (2, 3), 'f4', external=[(str(path.with_name('secret.bin')), 0, 24)])


def virtual_h5(path: Path) -> None:
    with h5py.File(path.with_name('other.h5'), 'w') as file:
        file['secret'] = VALUES
    layout = h5py.VirtualLayout((2, 3), 'f4')
    layout[:] = h5py.VirtualSource(path.with_name('other.h5'), 'secret', (2, 3))
    with h5py.File(path, 'w') as file:
        file.create_virtual_dataset('rgb', layout)


def saved(value: object) -> Callable[[Path], None]:
    return lambda path: torch.save(value, path)


def quantized(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # deprecated, but strangers may have it
        torch.save(torch.quantize_per_tensor(torch.eye(3), .1, 0, torch.qint8), path)


def content(text: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(text) and None


LFS = b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n'
HOSTILE = {
    'npy, huge shape': ('.npy', npy(HUGE), 'declares shape'),
    'npy, cut off': ('.npy', npy((100, 100)), r'declares shape \(100, 100\), 40000 bytes, but has 64'),
    'npy, negative shape': ('.npy', npy((-1, 3)), 'declares shape'),
    'npy, objects': ('.npy', npy((2, ), '|O'), 'holds Python objects'),
    'npy, Git LFS': ('.npy', content(LFS), 'pointer of Git LFS.*git lfs pull'),
    'npy, page': ('.npy', content(b'<!DOCTYPE html><html>404</html>'), 'a web page'),
    'npy, empty': ('.npy', content(b''), 'it is empty'),
    'npz, bomb': ('.npz', npz(header(HUGE) + bytes(2**20)), 'declares shape'),
    'npz, cut off': ('.npz', npz(header((1000, 1000)) + bytes(64)), 'but has'),
    'npz, objects': ('.npz', npz(header((2, ), '|O') + bytes(64)), 'holds Python objects'),
    'npz, damaged': ('.npz', damaged_npz(zipfile.ZIP_DEFLATED), 'damaged'),
    'npz, damaged LZMA': ('.npz', damaged_npz(zipfile.ZIP_LZMA), 'Corrupt'),
    'npz, damaged bzip2': ('.npz', damaged_npz(zipfile.ZIP_BZIP2), 'Invalid'),
    'npz, page': ('.npz', content(b'<html>404</html>'), 'a web page'),
    'npz, Git LFS': ('.npz', content(LFS), 'pointer of Git LFS'),
    'h5, huge shape': ('.h5', declared_h5, 'declares shape'),
    'h5, link': ('.h5', linked_h5, 'link to another file'),
    'h5, external': ('.h5', external_h5, 'in another file'),
    'h5, virtual': ('.h5', virtual_h5, 'in another file'),
    'h5, text': ('.h5', content(LFS), 'unreadable'),
    'pt, sparse': ('.pt', saved(torch.eye(3).to_sparse()), 'a dense tensor'),
    'pt, meta': ('.pt', saved(torch.empty(HUGE, device='meta')), 'a dense tensor'),
    'pt, quantized': ('.pt', quantized, 'a dense tensor'),
    'pt, float8': ('.pt', saved(torch.eye(3).to(torch.float8_e4m3fn)), None),
    'pt, expanded': ('.pt', saved(torch.zeros(1).expand(HUGE)), 'a dense tensor'),
    'pt, no tensor': ('.pt', saved(dict(rgb='text')), 'expected a tensor'),
    'pt, Git LFS': ('.pt', content(LFS), 'pointer of Git LFS'),
    'csv, no number': ('.csv', content(b'a,b\n1,x\n'), 'unreadable'),
    'csv, empty': ('.csv', content(b''), 'unreadable'),
    'csv, Latin-1': ('.csv', content(b'a,b\n1,\xe9\n'), 'unreadable'),
}


@pytest.mark.parametrize('kind', HOSTILE)
def test_a_hostile_file_of_features_is_named_without_filling_memory_or_advice_to_unpickle(kind, tmp_path) -> None:
    suffix, write, message = HOSTILE[kind]
    write(tmp_path / f'video{suffix}')
    store = open_store(str(tmp_path / f'{{}}{suffix}'), 'rgb', ['video'])
    tracemalloc.start()
    try:
        with pytest.raises(Fault, match=message) as caught:
            store.open('video')
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()
    assert str(tmp_path / f'video{suffix}') in str(caught.value)
    assert 'pickle=' not in str(caught.value) and 'weights_only' not in str(caught.value)


@pytest.mark.parametrize('suffix', READERS)
def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(suffix, tmp_path) -> None:
    os.mkfifo(tmp_path / f'video{suffix}')
    with pytest.raises((Fault, ValueError), match='a pipe or a device'):
        open_store(str(tmp_path / f'{{}}{suffix}'), 'rgb', ['video']).open('video')


@pytest.mark.parametrize('order', 'CF')
@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
def test_arrays_of_an_archive_are_what_was_saved(save, order, tmp_path) -> None:
    save(tmp_path / 'a.npz', rgb=np.asarray(VALUES, order=order), flow=VALUES[:1], none=VALUES[:0])
    read = read_npz(tmp_path / 'a.npz', sorted)
    assert [array.tolist() for array in read] == [VALUES[:1].tolist(), [], VALUES.tolist()]


@pytest.mark.parametrize('order', 'CF')
def test_a_mapped_array_is_what_was_saved(order, tmp_path) -> None:
    np.save(tmp_path / 'a.npy', np.asarray(VALUES, order=order))
    assert map_array(tmp_path / 'a.npy').tolist() == VALUES.tolist()


def test_an_archive_of_tensors_that_would_grow_is_refused(tmp_path) -> None:
    torch.save(torch.zeros(2**16), tmp_path / 'a.pt')
    with zipfile.ZipFile(tmp_path / 'a.pt') as plain, \
            zipfile.ZipFile(tmp_path / 'b.pt', 'w', zipfile.ZIP_DEFLATED) as packed:
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    assert load_tensors(tmp_path / 'a.pt').shape == (2**16, )
    with pytest.raises(ValueError, match='is compressed, which torch never writes'):
        load_tensors(tmp_path / 'b.pt')


def test_the_limit_leaves_room_for_a_day_of_video() -> None:
    assert MOST_BYTES > 24 * 3600 / 0.64 * 4096 * 4
