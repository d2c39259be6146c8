"""The made data are seeded, whole, and hold what the paper's effects need."""
from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from rpn_plugin.datasets import synthetic
from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic

SMALL = SyntheticSettings(num_train=40, num_test=10, median_snippets=60)


def read(path):
    content = json.loads(path.read_text())
    features = {(stream, video): np.load(path.parent / 'features' / stream / f'{video}.npy')
                for stream in synthetic.STREAMS for video in content['database']}
    return content, features


def test_the_same_seed_makes_the_same_files_and_another_does_not(tmp_path) -> None:
    first, second = (read(write_synthetic(tmp_path / name, SMALL)) for name in 'ab')
    other = read(write_synthetic(tmp_path / 'c', dataclasses.replace(SMALL, seed=1)))
    assert first[0] == second[0] != other[0]
    assert all(np.array_equal(first[1][key], second[1][key]) for key in first[1])


def test_segments_and_features_agree(tmp_path) -> None:
    content, features = read(write_synthetic(tmp_path / 'set', SMALL))
    for video, entry in content['database'].items():
        shapes = {features[stream, video].shape for stream in synthetic.STREAMS}
        assert len(shapes) == 1 and entry['annotations']
        for annotation in entry['annotations']:
            assert 0 <= annotation['segment'][0] < annotation['segment'][1] <= entry['duration'] + 1e-9


def test_cliff_diving_is_always_diving_too(tmp_path) -> None:
    content, _ = read(write_synthetic(tmp_path / 'set', SMALL))
    segments = [{label: {tuple(a['segment']) for a in entry['annotations'] if a['label'] == label}
                 for label in ('CliffDiving', 'Diving')} for entry in content['database'].values()]
    assert any(found['CliffDiving'] for found in segments)
    assert all(found['CliffDiving'] <= found['Diving'] for found in segments)
    assert any(found['Diving'] and not found['CliffDiving'] for found in segments)


def test_noise_is_correlated_over_time() -> None:
    generator = synthetic.SyntheticGenerator(SyntheticSettings(noise=0.5, correlation=0.6))
    noise = generator._noise(20_000)
    assert noise.std() == pytest.approx(0.5, rel=0.02)
    assert (noise[1:] * noise[:-1]).mean() / noise.var() == pytest.approx(0.6, abs=0.02)


def test_an_interrupted_run_leaves_the_old_set(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read(write_synthetic(tmp_path / 'set', SMALL))[0]
    monkeypatch.setattr(synthetic.json, 'dumps', lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_synthetic(tmp_path / 'set', SyntheticSettings(num_train=2, num_test=1, seed=5))
    assert read(tmp_path / 'set' / 'annotations.json')[0] == before


def annotated(tmp_path, **changes) -> AnnotationFile:
    """Annotations of three classes, of which b and c come together, and of a video that shows nothing."""
    entries = dict(
        one=dict(subset='train', duration=32.5, annotations=[dict(label='a', segment=[3.2, 6.4]),
                                                             dict(label='a', segment=[30.0, 99.0])]),
        two=dict(subset='train', duration=64.0, annotations=[dict(label='b', segment=[6.4, 12.8]),
                                                             dict(label='c', segment=[6.4, 12.8])]),
        three=dict(subset='test', duration=12.8, annotations=[]))
    entries['one'].update(changes)
    content = dict(classes=['a', 'b', 'c'], database=entries, ambiguous=dict(three=[[1.0, 2.0]]))
    (tmp_path / 'given.json').write_text(json.dumps(content))
    return AnnotationFile.read(tmp_path / 'given.json')


def test_given_annotations_keep_their_videos_and_segments_and_get_features_as_long(tmp_path) -> None:
    given = annotated(tmp_path)
    content, features = read(write_synthetic(tmp_path / 'set', SyntheticSettings(noise=0.0, correlation=0.0), given))
    assert content['database'] == given.database and content['classes'] == ['a', 'b', 'c']
    assert content['ambiguous'] == dict(three=[[1.0, 2.0]])
    assert {video: len(features['rgb', video]) for video in given.database} == dict(one=50, two=100, three=20)
    assert all((array >= 0).all() and (array > 0).any() for array in features.values())
    shown = features['flow', 'two']  # without noise every snippet of an instance looks alike, and nothing else as it
    like = [t for t in range(100) if np.array_equal(shown[t], shown[15])]
    assert like == list(range(10, 20))


def test_classes_that_come_together_are_of_one_group(tmp_path) -> None:
    group = dict(zip('abc', synthetic.groups_of(annotated(tmp_path))))
    assert group['b'] == group['c'] != group['a']


@pytest.mark.parametrize('changes, message', [
    (dict(duration=None), r'given\.json: .* one is None'),
    (dict(duration=0.3), r'given\.json: .* one is 0\.3'),
    (dict(labels=['a'], annotations=[dict(label='d', segment=[0, 1])]), r"given\.json: video one has .*'d'"),
])
def test_annotations_that_features_cannot_be_made_for_are_named(tmp_path, changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        write_synthetic(tmp_path / 'set', annotations=annotated(tmp_path, **changes))
    assert not (tmp_path / 'set').exists()
