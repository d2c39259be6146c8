"""Whatever is in the place of a feature file, the checker names it and goes on with the other videos."""
from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rpn_plugin.datasets.checking import check_dataset
from rpn_plugin.datasets.sources import subsets_of_annotations


def header(shape: str) -> bytes:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(text)) + text


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to('/dev/zero')


NPY: dict[str, tuple[str, Callable[[Path], object]]] = {
    'nothing': ('features-unreadable', lambda path: path.write_bytes(b'')),
    'half a header': ('features-unreadable', lambda path: path.write_bytes(path.read_bytes()[:40])),
    'half of the values': ('features-unreadable', lambda path: path.write_bytes(path.read_bytes()[:-50])),
    'garbage': ('features-unreadable', lambda path: path.write_bytes(bytes(range(256)))),
    'a web page': ('features-unreadable', lambda path: path.write_bytes(b'<!DOCTYPE html><html></html>')),
    'Python objects': ('features-unreadable', lambda path: np.save(path, np.array([{}, []], object))),
    'a huge shape': ('features-unreadable', lambda path: path.write_bytes(header('(99999999999, 4)'))),
    'a shape of 400 digits': ('features-unreadable', lambda path: path.write_bytes(header(f'({"9" * 400}, 4)'))),
    'a shape below zero': ('features-unreadable', lambda path: path.write_bytes(header('(-1, 4)') + bytes(64))),
    'a pipe': ('features-unreadable', pipe),
    'a folder': ('features-unreadable', folder),
    'a link to a device': ('features-unreadable', link),
    'words': ('features-dtype', lambda path: np.save(path, np.array([['a', 'b']]))),
    'complex numbers': ('features-dtype', lambda path: np.save(path, np.ones((11, 4), complex))),
    'no snippet': ('features-shape', lambda path: np.save(path, np.ones((0, 4), np.float32))),
    'one number': ('features-shape', lambda path: np.save(path, np.float32(1))),
    'the largest numbers of float64': ('values-huge', lambda path: np.save(path, np.full((11, 4), 1e308))),
    'the smallest numbers of float64': ('values-zero', lambda path: np.save(
        path, 5e-324 * np.arange(1, 45).reshape(11, 4))),
}


@pytest.mark.filterwarnings('error::RuntimeWarning')
@pytest.mark.parametrize('name', NPY)
def test_a_damaged_file_is_named_and_the_next_one_found(tiny, name) -> None:
    code, damage = NPY[name]
    damage(tiny.path('rgb', 'train_3'))
    tiny.write_features('rgb', 'train_5', np.full((15, 4), np.nan, np.float16))
    places = {'rgb': str(tiny.root / 'features' / 'rgb')}
    check = check_dataset(subsets_of_annotations(str(tiny.root / 'annotations.json'), 'plugin', places, None).subsets)
    assert [(finding.code, finding.videos) for finding in check.findings] == [
        (code, ('train_3', )), ('values-not-finite', ('train_5', ))]
    assert str(tiny.path('rgb', 'train_3')) in check.findings[0].message


def test_damaged_parts_of_an_hdf5_file_are_named(tiny) -> None:
    h5py = pytest.importorskip('h5py')
    where = str(tiny.root / 'all.h5')
    with h5py.File(where, 'w') as file:
        for video in tiny.content['database']:
            file[video] = np.load(tiny.path('rgb', video))
        damaged = dict(train_0=h5py.ExternalLink(str(tiny.root / 'other.h5'), '/x'), train_1=h5py.SoftLink('/nowhere'),
                       train_2='words', train_4=h5py.SoftLink('/'))
        for video, content in damaged.items():
            del file[video]
            file[video] = content
        del file['train_3'], file['train_5'], file['train_6']
        file.create_group('train_3')
        file.create_dataset('train_5', (0, 4), 'f4')
        file.create_dataset('train_6', (10**9, 4), 'f4', chunks=(1000, 4))
    sources = subsets_of_annotations(str(tiny.root / 'annotations.json'), 'plugin', dict(rgb=where), None)
    findings = check_dataset(sources.subsets).findings
    named = {finding.videos: finding.code for finding in findings if finding.code.startswith('features-')}
    assert named == {('train_0', ): 'features-unreadable', ('train_1', ): 'features-unreadable',
                     ('train_2', ): 'features-dtype', ('train_3', ): 'features-unreadable',
                     ('train_4', ): 'features-unreadable', ('train_5', ): 'features-shape',
                     ('train_6', ): 'features-unreadable'}


@pytest.mark.parametrize('changes', [dict(fps=1e308), dict(snippet_stride=1e-308), dict(snippet_stride=1e308)])
def test_a_recipe_of_impossible_numbers_is_named(tiny, changes) -> None:
    tiny.content['feature'] |= changes
    tiny.save()
    places = {'rgb': str(tiny.root / 'features' / 'rgb')}
    sources = subsets_of_annotations(str(tiny.root / 'annotations.json'), 'plugin', places, None)
    found = [*sources.findings, *check_dataset(sources.subsets).findings]
    assert {finding.code for finding in found} == {'recipe-invalid'}


def test_many_nearly_equal_instances_of_a_video_are_one_finding(tiny) -> None:
    tiny.content['database']['test_9']['annotations'] = [
        dict(label='Diving', segment=[1.0, 3.0 + 1e-5 * index]) for index in range(2000)]
    tiny.save()
    sources = subsets_of_annotations(str(tiny.root / 'annotations.json'), 'plugin', {}, None)
    [finding] = [found for found in check_dataset(sources.subsets).findings if found.videos == ('test_9', )]
    assert finding.code == 'segment-near-duplicate' and 'and 1998 more' in finding.message
