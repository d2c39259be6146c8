"""A video's features are the same array whatever file holds them."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from published import write_object_array

from rpn_plugin.datasets.feature_stores import FeatureHeader, check_finite, open_store

RGB = np.random.default_rng(0).standard_normal((7, 4)).astype(np.float32)
FLOW = RGB[:, ::-1].copy()


def write(folder, kind: str) -> str:
    """Two videos' features of stream rgb (and flow beside it); where they are."""
    for name, scale in (('a', 1), ('b', 2)):
        path = folder / f'{name}{kind}'
        if kind == '.npy':
            np.save(path, scale * RGB)
        elif kind == '.npz':
            np.savez(path, rgb=scale * RGB, flow=FLOW)
        elif kind == '.pt':
            torch.save(dict(rgb=torch.from_numpy(scale * RGB), flow=torch.from_numpy(FLOW)), path)
        elif kind == '.pth':
            torch.save(torch.from_numpy(scale * RGB), path, _use_new_zipfile_serialization=False)
        elif kind == '.csv':
            np.savetxt(path, scale * RGB, delimiter=',', header='f0,f1,f2,f3', comments='', fmt='%.9g')
    return str(folder)


@pytest.mark.parametrize('kind', ['.npy', '.npz', '.pt', '.pth', '.csv'])
def test_every_kind_of_file_gives_the_array(tmp_path, kind) -> None:
    store = open_store(write(tmp_path, kind), 'rgb', ['a', 'b'])
    assert store.videos() == ['a', 'b'] and store.header('b') == FeatureHeader(7, 4)
    np.testing.assert_array_equal(store.open('b'), 2 * RGB)
    with pytest.raises(ValueError, match=rf'c\{kind}: missing'):
        store.open('c')


@pytest.mark.parametrize('dtype', ['<f2', '<f4', '<f8', '>f4', '<i4', '<f16'])
@pytest.mark.parametrize('shape', [(7, 4), (1, 12345), (7, ), (0, 4), (3, 2, 2)])
def test_a_look_at_the_start_of_an_array_file_says_what_reading_it_says(tmp_path, dtype, shape) -> None:
    for order in 'CF':
        np.save(tmp_path / 'a.npy', np.zeros(shape, dtype, order=order))
        store = open_store(str(tmp_path), 'rgb', ['a'])
        try:
            expected: object = FeatureHeader(*store.open('a').shape)
        except ValueError as error:
            expected = str(error)
        try:
            found: object = store.header('a')
        except ValueError as error:
            found = str(error)
        assert found == expected
    whole = (tmp_path / 'a.npy').read_bytes()
    for cut in (len(whole) - 1, 70, 5):
        (tmp_path / 'a.npy').write_bytes(whole[:cut])
        with pytest.raises(ValueError, match=r'a\.npy: (unreadable|expected)'):
            open_store(str(tmp_path), 'rgb', ['a']).header('a')


def test_headers_of_many_videos_map_none_of_them(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(np, 'memmap', None)
    for name in 'ab':
        np.save(tmp_path / f'{name}.npy', RGB)
    store = open_store(str(tmp_path), 'rgb', ['a', 'b'])
    assert [store.header(name) for name in 'ab'] == [FeatureHeader(7, 4)] * 2


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04', b'\x80\x02.', b'nonsense,\n1,two\n'])
@pytest.mark.parametrize('kind', ['.npy', '.npz', '.pt', '.csv'])
def test_a_damaged_file_is_named(tmp_path, kind, content) -> None:
    (tmp_path / f'a{kind}').write_bytes(content)
    with pytest.raises(ValueError, match=rf'a\{kind}: (unreadable|expected)'):
        open_store(str(tmp_path), 'rgb', ['a']).open('a')


def test_a_tensor_file_that_would_run_code_is_refused(tmp_path) -> None:

    class RunsCode:

        def __reduce__(self) -> tuple:
            return (tmp_path / 'it ran').mkdir, ()

    torch.save(RunsCode(), tmp_path / 'a.pt')
    with pytest.raises(ValueError, match=r'a\.pt: unreadable'):
        open_store(str(tmp_path), 'rgb', ['a']).open('a')
    assert not (tmp_path / 'it ran').exists()


def test_a_pattern_says_how_files_are_named(tmp_path) -> None:
    np.save(tmp_path / 'v_x-rgb.npy', RGB)
    np.save(tmp_path / 'v_x-flow.npy', FLOW)
    np.save(tmp_path / '.v_y-rgb.part.npy', FLOW)
    assert open_store(str(tmp_path), 'rgb', []).videos() == ['v_x-flow', 'v_x-rgb']
    store = open_store(str(tmp_path / 'v_{}-rgb.npy'), 'rgb', ['x'])
    assert store.videos() == ['x'] and store.where('x') == str(tmp_path / 'v_x-rgb.npy')
    np.testing.assert_array_equal(store.open('x'), RGB)


def test_one_array_of_all_videos_keeps_to_the_order_of_the_annotations(tmp_path) -> None:
    both = np.concatenate([RGB, FLOW], axis=1)
    large = np.tile(both, (40, 1))
    write_object_array(tmp_path / 'joint.npy', [large, both])
    rgb, flow = (open_store(str(tmp_path / 'joint.npy'), stream, ['z', 'a'], columns)
                 for stream, columns in (('rgb', (0, 4)), ('flow', (4, 8))))
    np.testing.assert_array_equal(rgb.open('a'), RGB)
    np.testing.assert_array_equal(flow.open('z'), large[:, 4:])
    assert isinstance(flow.open('z'), np.memmap) and flow.header('z') == FeatureHeader(280, 4)
    with pytest.raises(ValueError, match='holds 2 arrays, but the annotations name 3 videos'):
        open_store(str(tmp_path / 'joint.npy'), 'rgb', ['a', 'b', 'c'])
    with pytest.raises(ValueError, match=r'at least 9 channels.*but got 8'):
        open_store(str(tmp_path / 'joint.npy'), 'rgb', ['z', 'a'], (5, 9)).open('a')


def test_what_cannot_be_decided_is_asked(tmp_path) -> None:
    write(tmp_path, '.npy')
    write(tmp_path, '.npz')
    with pytest.raises(ValueError, match=r"several kinds, \['.npy', '.npz'\].*\{\}.npy"):
        open_store(str(tmp_path), 'rgb', ['a'])
    store = open_store(str(tmp_path / '{}.npz'), 'depth', ['a'])
    with pytest.raises(ValueError, match=r"a\.npz.*holds the arrays \['flow', 'rgb'\]; expected one.* 'depth'"):
        store.open('a')
    (tmp_path / 'all.bin').touch()
    with pytest.raises(ValueError, match='all.bin: expected a folder, a pattern'):
        open_store(str(tmp_path / 'all.bin'), 'rgb', ['a'])
    with pytest.raises(ValueError, match='expected a name that ends in one of .npy'):
        open_store(str(tmp_path / '{}.mat'), 'rgb', ['a'])


@given(hnp.arrays(np.uint16, st.tuples(st.integers(1, 6), st.integers(1, 6))))
def test_half_floats_are_checked_by_their_bits_as_numpy_checks_them(bits) -> None:
    features = bits.view(np.float16)
    if np.isfinite(features).all():
        check_finite(features, 'a.npy')
    else:
        with pytest.raises(ValueError, match='a.npy: .* not finite'):
            check_finite(features, 'a.npy')
