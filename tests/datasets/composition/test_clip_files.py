"""Clips are read the same from a folder and from every archive; what is wrong with a file is said with its name."""
from __future__ import annotations

import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rpn_plugin.datasets.composition.clip_files import clip_name, list_clips, read_arrays, read_headers


class Bomb:
    """Leaves a trace if it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path('exploded'), )


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


RNG = np.random.default_rng(0)
CLIPS = {f'{label}/v_{label}_g01_c0{index}.npy': RNG.standard_normal((4 + index, 3)).astype(dtype)
         for label in ('Diving', 'Biking') for index, dtype in enumerate(('f2', 'f4', 'f8'))}


def pack(kind: str, folder: Path, files: dict[str, bytes]) -> Path:
    """Files as a folder, or an archive of that suffix, in it."""
    place = folder / f'clips{kind}'
    if not kind:
        for name, content in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
    elif kind == '.zip':
        with zipfile.ZipFile(place, 'w', zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(place, 'w:gz' if kind == '.tar.gz' else 'w') as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(f'./{name}')
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return place


@pytest.mark.parametrize('kind', ['', '.zip', '.tar', '.tar.gz'])
def test_every_source_gives_the_same_clips(tmp_path, kind) -> None:
    extra = {'README.txt': b'hello', 'Diving/._v_Diving_g01_c00.npy': b'of a Macintosh'}
    source = pack(kind, tmp_path, extra | {name: npy(array) for name, array in reversed(CLIPS.items())})
    paths, others = list_clips(source)
    assert list(paths) == sorted(clip_name(path) for path in CLIPS) and others == 2
    wanted = {paths[name] for name in list(paths)[1:]}
    headers, arrays = dict(read_headers(source, wanted)), dict(read_arrays(source, wanted))
    assert headers.keys() == arrays.keys() == wanted
    for path in wanted:
        expected = CLIPS[path.removeprefix('./')]
        assert (headers[path].length, headers[path].width) == expected.shape
        assert arrays[path].dtype == expected.dtype and np.array_equal(arrays[path], expected)


def test_an_npz_holds_clips_by_name(tmp_path) -> None:
    arrays = {clip_name(path): array for path, array in CLIPS.items()}
    np.savez_compressed(tmp_path / 'clips.npz', **arrays)
    paths, others = list_clips(tmp_path / 'clips.npz')
    assert list(paths) == sorted(arrays) and others == 0
    for path, array in read_arrays(tmp_path / 'clips.npz', set(paths.values())):
        assert np.array_equal(array, arrays[clip_name(path)])


@pytest.mark.parametrize('path', ['v_Diving_g01_c01', 'Diving/v_Diving_g01_c01.avi', 'a/b/v_Diving_g01_c01.avi.npy'])
def test_names_of_clips(path) -> None:
    assert clip_name(path) == 'v_Diving_g01_c01'


@pytest.mark.parametrize('content, message', [
    (npy(np.zeros((0, 3))), r'T and D at least 1, but got float64 of shape \(0, 3\)'),
    (npy(np.zeros((4, 3, 2))), r'of shape \(4, 3, 2\)'),
    (npy(np.zeros((4, 3), int)), 'but got int64'),
    (npy(np.array([[None]])), 'but got object'),
    (pickle.dumps(Bomb()), 'the magic string is not correct'),
    (b'', 'EOF'),
])
@pytest.mark.parametrize('kind', ['', '.zip', '.tar.gz'])
def test_bad_headers_name_the_file(tmp_path, monkeypatch, kind, content, message) -> None:
    monkeypatch.chdir(tmp_path)
    source = pack(kind, tmp_path, {'Diving/clip.npy': content})
    paths = list_clips(source)[0]
    with pytest.raises(ValueError, match=rf'Diving/clip.npy: .*{message}.*Extract its features again'):
        list(read_headers(source, set(paths.values())))
    assert not (tmp_path / 'exploded').exists()


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_values_that_are_no_numbers_name_file_and_snippet(tmp_path, value) -> None:
    array = np.ones((5, 3), np.float32)
    array[3, 1] = value
    source = pack('.zip', tmp_path, {'clip.npy': npy(array)})
    with pytest.raises(ValueError, match='clip.npy: NaN or infinite in 1 of 5 snippets, first in snippet 3'):
        list(read_arrays(source, {'clip.npy'}))


def test_a_clip_cut_short_names_the_file(tmp_path) -> None:
    source = pack('', tmp_path, {'clip.npy': npy(np.ones((5, 3)))[:-8]})
    with pytest.raises(ValueError, match='clip.npy: '):
        list(read_arrays(source, {'clip.npy'}))


@pytest.mark.parametrize('kind', ['.zip', '.tar', '.tar.gz'])
def test_a_broken_archive_names_itself(tmp_path, kind) -> None:
    whole = pack(kind, tmp_path, {name: npy(RNG.standard_normal((50, 20))) for name in CLIPS})
    broken = tmp_path / f'broken{kind}'
    broken.write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])
    with pytest.raises(ValueError, match=rf'broken{kind}: expected a folder, or a whole'):
        list_clips(broken)


def test_sources_without_clips(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match='nowhere: not there'):
        list_clips(tmp_path / 'nowhere')
    with pytest.raises(ValueError, match='holds no .npy file, but 1 others'):
        list_clips(pack('', tmp_path, {'clip.txt': b''}))
    source = pack('.zip', tmp_path, {'a/clip.npy': b'', 'b/clip.npy': b''})
    with pytest.raises(ValueError, match='both a/clip.npy and b/clip.npy are of clip clip'):
        list_clips(source)
