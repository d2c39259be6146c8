"""What a data set holds is counted right: against plain loops, and on the published annotations."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.checking import VideoSubset, check_dataset
from rpn_plugin.datasets.formats import get_layout
from rpn_plugin.datasets.sources import subsets_of_annotations

CLASSES = ('Diving', 'CliffDiving', 'HighJump')
TENTHS = st.integers(0, 300)
INSTANCE = st.tuples(st.sampled_from(CLASSES), TENTHS, TENTHS).map(
    lambda drawn: dict(label=drawn[0], segment=[min(drawn[1:]) / 10, max(drawn[1:]) / 10]))
VIDEO = st.fixed_dictionaries(dict(duration=st.integers(1, 300).map(lambda tenths: tenths / 10),
                                   annotations=st.lists(INSTANCE, max_size=6)))


@settings(max_examples=50, deadline=None)
@given(st.lists(VIDEO, min_size=1, max_size=5))
def test_counts_are_those_of_plain_loops(videos) -> None:
    database = {f'video_{index}': dict(subset='test', **video) for index, video in enumerate(videos)}
    annotations = AnnotationFile('made.json', CLASSES, None, database, get_layout('plugin'))
    [one] = check_dataset([VideoSubset(annotations, 'test', False)]).statistics
    covered = 0
    for video in videos:
        for tenth in range(round(10 * video['duration'])):
            covered += any(round(10 * start) <= tenth < round(10 * end)
                           for start, end in (part['segment'] for part in video['annotations']))
    total = sum(round(10 * video['duration']) for video in videos)
    if one.num_instances:
        assert one.action_share == pytest.approx(covered / total)
    else:
        assert np.isnan(one.action_share)
    labels = [{part['label'] for part in video['annotations']} for video in videos]
    together = [[sum({first, second} <= found for found in labels) for second in CLASSES] for first in CLASSES]
    assert one.cooccurrence.tolist() == together
    assert one.videos_per_class.tolist() == np.diag(together).tolist()
    assert one.instances_per_class.tolist() == [sum(part['label'] == label for video in videos
                                                    for part in video['annotations']) for label in CLASSES]
    assert one.labels_per_video.tolist() == [len(found) for found in labels]
    assert one.durations_sec.sum() == pytest.approx(total / 10)
    assert [number for *_, number in one.pairs()] == sorted(
        (together[row][column] for row in range(3) for column in range(row) if together[row][column]), reverse=True)


def test_faulty_segments_are_left_out_of_the_counts(tiny) -> None:
    entry = tiny.content['database']['test_9']
    entry['annotations'] = [dict(label='Diving', segment=[2.0, 1.0]), dict(label='Diving', segment=[1.0, 2.0])]
    tiny.save()
    features = dict(rgb=str(tiny.root / 'features' / 'rgb'))
    check = check_dataset(subsets_of_annotations(str(tiny.root / 'annotations.json'), 'plugin', features, None).subsets)
    test = check.statistics[1]
    assert (test.name, test.num_videos, test.num_instances, test.num_usable) == ('test', 4, 4, 4)
    names = test.features['rgb']
    assert (names.num_found, names.missing, names.extra) == (4, [], [])
    np.testing.assert_allclose(test.seconds_per_snippet, 0.64)
    assert test.lengths.tolist() == [21, 23, 25, 27]


REAL = {
    'wtalc': ('thumos14/wtalc/Thumos14reduced-Annotations', {'validation': (200, 3007, 20), 'test': (212, 3358, 20)},
              {'labels-disagree': 28, 'segment-outside': 5}),
    'basnet': ('thumos14/basnet', {'train': (200, 3007, 20), 'test': (210, 3311, 20)},
               {'class-unpinned': 1, 'duration-missing': 2}),
    'thumos14': ('thumos14/official', {'validation': (200, 3007, 20), 'test': (213, 3358, 20)},
                 {'duration-missing': 2, 'no-instance': 1}),
    'activitynet': ('activitynet12/activity_net.v1-2.min-missing-removed.json',
                    {'training': (4441, 6588, 100), 'validation': (2198, 3281, 100)},
                    {'class-unpinned': 1, 'no-instance': 1, 'segment-duplicated': 19, 'segment-empty': 9,
                     'segment-near-duplicate': 1}),
}


@pytest.mark.parametrize('layout', REAL)
def test_published_annotations_hold_what_is_known_of_them_and_no_error(shared_data, layout) -> None:
    path, numbers, codes = REAL[layout]
    sources = subsets_of_annotations(str(shared_data / path), layout, {}, None)
    check = check_dataset(sources.subsets)
    assert {one.name: (one.num_videos, one.num_instances, len(one.classes)) for one in check.statistics} == numbers
    assert [one.training for one in check.statistics] == [True, False]
    findings = sources.findings + check.findings
    assert {code: sum(finding.code == code for finding in findings) for code in
            {finding.code for finding in findings}} == codes
    assert {finding.severity for finding in findings} == {'warning'}


def test_thumos14_videos_with_segments_beyond_their_end_are_named(shared_data) -> None:
    sources = subsets_of_annotations(str(shared_data / REAL['wtalc'][0]), 'wtalc', {}, None)
    outside = {finding.videos: finding.message for finding in check_dataset(sources.subsets).findings
               if finding.code == 'segment-outside'}
    assert outside.keys() == {('video_validation_0000364', ), ('video_validation_0000856', ),
                              ('video_test_0000270', ), ('video_test_0000814', ), ('video_test_0001081', )}
    assert '22 of 29 segments' in outside['video_test_0000270', ]
