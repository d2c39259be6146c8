"""Feature values are gone through one video at a time."""
from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpn_plugin.datasets.checking import check_dataset, check_subset
from rpn_plugin.datasets.checking.values import check_values, longest_repetition
from rpn_plugin.datasets.sources import subsets_of_annotations


@given(st.lists(st.integers(0, 2), min_size=1, max_size=30))
def test_the_longest_run_of_equal_snippets(values) -> None:
    array = np.array(values, dtype=np.float32)[:, None] * np.ones((1, 3), np.float32)
    runs = [(end - start, -start) for start in range(len(values)) for end in range(start + 1, len(values) + 1)
            if len(set(values[start:end])) == 1]
    length, start = max(runs)
    assert longest_repetition(array) == (-start, length)


def test_memory_is_bounded_by_one_video_and_progress_counts_them(tiny) -> None:
    for index in range(8):
        values = tiny.rng.standard_normal((5 + 2 * index, 40_000)).astype(np.float16)
        tiny.write_features('rgb', f'train_{index}', values)
    tiny.save()
    [subset, _] = subsets_of_annotations(str(tiny.root / 'annotations.json'), 'plugin',
                                         dict(rgb=str(tiny.root / 'features' / 'rgb')), None).subsets
    checked, seen = check_subset(subset, segments=True), []
    largest, total = 19 * 40_000 * 4, sum(5 + 2 * index for index in range(8)) * 40_000 * 4
    tracemalloc.start()
    contents = check_values(checked, lambda videos: (seen.append(video) or video for video in videos))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.5 * largest < total
    assert seen == list(contents) == [f'train_{index}' for index in range(8)]


def test_content_is_compared_whatever_its_precision(tiny) -> None:
    tiny.write_features('rgb', 'test_8', np.load(tiny.path('rgb', 'test_8')).astype(np.float32))
    [_, subset] = subsets_of_annotations(str(tiny.root / 'annotations.json'), 'plugin', {
        'rgb': str(tiny.root / 'features' / 'rgb'), 'flow': str(tiny.root / 'features' / 'flow')}, None).subsets
    first = check_values(check_subset(subset, segments=True))
    tiny.write_features('rgb', 'test_8', np.load(tiny.path('rgb', 'test_8')).astype(np.float16))
    second = check_values(check_subset(subset, segments=True))
    assert first['test_8']['rgb'].digest == second['test_8']['rgb'].digest != first['test_8']['flow'].digest


def test_an_hdf5_file_is_checked_by_its_values(tiny) -> None:
    h5py = pytest.importorskip('h5py')
    with h5py.File(tiny.root / 'all.h5', 'w') as file:
        for video in tiny.content['database']:
            array = np.load(tiny.path('rgb', video))
            file[video] = array.astype(np.int32) if video == 'train_3' else array
            if video == 'train_4':
                del file[video]
    where = str(tiny.root / 'all.h5')
    check = check_dataset(subsets_of_annotations(str(tiny.root / 'annotations.json'), 'plugin', dict(rgb=where),
                                                 None).subsets)
    assert {(finding.code, finding.message.split(':')[0]) for finding in check.findings} == {
        ('features-dtype', f'{where}[train_3]'), ('features-missing', f'{where}[train_4]')}


def test_arrays_of_several_streams_in_one_file_are_not_taken_for_one(tiny) -> None:
    for video in tiny.content['database']:
        arrays = {stream: np.load(tiny.path(stream, video)) for stream in ('rgb', 'flow')}
        np.savez(tiny.root / f'{video}.npz', **arrays)
    pattern = str(tiny.root / '{}.npz')
    sources = subsets_of_annotations(str(tiny.root / 'annotations.json'), 'plugin', dict(rgb=pattern, flow=pattern),
                                     None)
    assert check_dataset(sources.subsets).findings == []
