"""Object arrays are read exactly, mapped from where they lie, and never run."""
from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published import write_object_array

from rpn_plugin.datasets.formats.object_arrays import read_object_array
from rpn_plugin.pickle_machine import UnsafePickleError
from rpn_plugin.stored_array import StoredArray


def opened(value: object) -> object:
    return value.open() if isinstance(value, StoredArray) else value


@pytest.mark.parametrize('protocol', [2, 3, 4, 5])
@pytest.mark.parametrize('order', ['C', 'F'])
def test_arrays_of_every_kind_and_size_come_back_bit_for_bit(tmp_path, protocol, order) -> None:
    rng = np.random.default_rng(0)
    arrays = [np.asarray(rng.standard_normal((length, 24)), dtype=dtype, order=order)
              for length in (1, 7, 200) for dtype in ('<f2', '<f4', '<f8', '>f4', '<i8')]
    write_object_array(tmp_path / 'features.npy', arrays, protocol)
    read = read_object_array(tmp_path / 'features.npy')
    for array, value in zip(arrays, read):
        assert opened(value).dtype == array.dtype
        np.testing.assert_array_equal(opened(value), array)
    large = [value for array, value in zip(arrays, read) if array.nbytes >= 4096]
    assert large and all(isinstance(value, StoredArray) for value in large)
    if protocol > 2:
        assert all(isinstance(value.open(), np.memmap) for value in large)


plain = st.recursive(
    st.integers(-2**70, 2**70) | st.floats(allow_nan=False) | st.text(max_size=300) | st.binary(max_size=300)
    | st.none() | st.booleans(), lambda children: st.lists(children, max_size=4) | st.tuples(children, children),
    max_leaves=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(plain, min_size=1, max_size=5), st.sampled_from([2, 3, 4, 5]))
def test_plain_values_come_back_as_the_unpickler_gives_them(tmp_path_factory, values, protocol) -> None:
    path = tmp_path_factory.mktemp('plain') / 'values.npy'
    write_object_array(path, values, protocol)
    assert read_object_array(path) == np.load(path, allow_pickle=True).tolist()


def test_numpy_scalars_and_strings_are_values(tmp_path) -> None:
    write_object_array(tmp_path / 'a.npy', [[np.float64(0.5), np.int32(3)], np.array(['ab', 'c']), np.array([b'abc'])])
    scalars, text, raw = read_object_array(tmp_path / 'a.npy')
    assert scalars == [0.5, 3] and text.tolist() == ['ab', 'c'] and raw.tolist() == [b'abc']


class RunsCode:

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path), )


@pytest.mark.parametrize('protocol', [2, 3, 4])
def test_a_file_that_would_run_code_is_refused_and_runs_nothing(tmp_path, protocol) -> None:
    trace = tmp_path / 'it ran'
    write_object_array(tmp_path / 'evil.npy', [[1], RunsCode(trace)], protocol)
    with pytest.raises(UnsafePickleError, match=r'evil.npy: refused, since it holds a reference to \w+.mkdir'):
        read_object_array(tmp_path / 'evil.npy')
    assert not trace.exists()
    np.load(tmp_path / 'evil.npy', allow_pickle=True)
    assert trace.exists(), 'the file was harmless after all'


@pytest.mark.parametrize('program, message', [
    (b'cbuiltins\neval\n(Vprint(1)\ntR.', 'builtins.eval'),
    (b'cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00tRcnumpy\nload\n.', 'numpy.load'),
    (b'c_codecs\nencode\n(X\x01\x00\x00\x00aX\x04\x00\x00\x00rot1tR.', "encoding 'rot1'"),
    (b'(dp0\n.', 'instruction'),
    (b'cnumpy.core.numeric\n_frombuffer\n(C\x01acnumpy\ndtype\n(X\x01\x00\x00\x00OtRK\x01\x85X\x01\x00\x00\x00CtR.',
     'an array that is no plain numbers'),
    (b'}.', 'instruction'),
    (b'K\x01K\x02R.', 'a call of a int'),
    (b']K\x01b.', 'a state for a list'),
    (b'P1\n.', 'instruction'),
    (b']q\x00h\x00a.', 'damaged'),
])
def test_every_other_instruction_is_refused(tmp_path, program, message) -> None:
    with (tmp_path / 'crafted.npy').open('wb') as file:
        np.lib.format.write_array_header_1_0(file, dict(descr='|O', fortran_order=False, shape=(1, )))
        file.write(b'\x80\x02' + program)
    with pytest.raises(ValueError, match=message):
        read_object_array(tmp_path / 'crafted.npy')


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_raise_value_errors_and_nothing_else(tmp_path_factory, data) -> None:
    path = tmp_path_factory.mktemp('damaged') / 'a.npy'
    write_object_array(path, [np.arange(6.0).reshape(2, 3), [b'x', 'y'], (1, 2.5), np.zeros((40, 40))],
                       data.draw(st.sampled_from([2, 3, 4])))
    content = bytearray(path.read_bytes())
    start = 80
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(start, min(len(content), 700) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[:data.draw(st.integers(start, len(content)))])
    try:
        for value in read_object_array(path):
            opened(value)
    except ValueError as error:
        assert 'a.npy' in str(error)


@pytest.mark.parametrize('protocol', [2, 3, 4])
def test_a_file_cut_inside_a_large_array_is_damaged(tmp_path, protocol) -> None:
    write_object_array(tmp_path / 'a.npy', [np.ones((100, 100)), np.ones((200, 200))], protocol)
    content = (tmp_path / 'a.npy').read_bytes()
    for kept in (0.1, 0.5, 0.99):
        (tmp_path / 'a.npy').write_bytes(content[:int(kept * len(content))])
        with pytest.raises(ValueError, match='a.npy: damaged or incomplete'):
            read_object_array(tmp_path / 'a.npy')


def test_a_length_beyond_every_file_is_damage(tmp_path) -> None:
    write_object_array(tmp_path / 'a.npy', [], 4)
    start = (tmp_path / 'a.npy').read_bytes().index(b'\n') + 1
    header = (tmp_path / 'a.npy').read_bytes()[:start]
    for instruction in (b'\x8d', b'\x8e'):
        (tmp_path / 'a.npy').write_bytes(header + b'\x80\x04' + instruction + b'\xff' * 8)
        with pytest.raises(ValueError, match='a.npy: damaged or incomplete'):
            read_object_array(tmp_path / 'a.npy')


def test_a_file_that_is_no_object_array_is_named(tmp_path) -> None:
    (tmp_path / 'a.npy').write_bytes(b'nothing')
    np.save(tmp_path / 'b.npy', np.zeros(3))
    np.save(tmp_path / 'c.npy', np.array({'a': 1}, dtype=object), allow_pickle=True)
    for name, message in (('a', 'not a .npy file'), ('b', 'one-dimensional array of objects'), ('c', r'shape \(\)')):
        with pytest.raises(ValueError, match=f'{name}.npy: .*{message}'):
            read_object_array(tmp_path / f'{name}.npy')


def test_the_published_files_of_wtalc_are_read_as_numpy_reads_them(shared_data) -> None:
    folder = shared_data / 'thumos14' / 'wtalc' / 'Thumos14reduced-Annotations'
    for name in ('labels', 'labels_all', 'segments'):
        expected = np.load(folder / f'{name}.npy', allow_pickle=True, encoding='bytes')
        assert read_object_array(folder / f'{name}.npy') == expected.tolist()


def test_python_2_strings_are_bytes(tmp_path) -> None:
    """What Python 2's pickle wrote for ``numpy.array([['abc']], dtype=object)``, in its instructions."""
    array = pickle.dumps(np.array([[b'abc'], [b'd']], dtype=object)[:, 0].copy(), protocol=3)
    assert b'C\x03abc' in array
    with (tmp_path / 'py2.npy').open('wb') as file:
        np.lib.format.write_array_header_1_0(file, dict(descr='|O', fortran_order=False, shape=(2, )))
        file.write(array.replace(b'C\x03abc', b'U\x03abc').replace(b'C\x01d', b'U\x01d'))
    assert read_object_array(tmp_path / 'py2.npy') == [b'abc', b'd']
