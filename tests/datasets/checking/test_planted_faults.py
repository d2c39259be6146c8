"""Each planted fault is found under its code with the video it is in, and nothing else is; clean data has none."""
from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import planted_in_made_set
import pytest
from made_set import MadeSet
from mmengine.config import Config

from rpn_plugin.datasets.checking import check_dataset
from rpn_plugin.datasets.faults import CHECKS, ERROR, WARNING, Finding
from rpn_plugin.datasets.sources import subsets_of_annotations, subsets_of_config
from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic

STREAMS = ('rgb', 'flow')


@dataclass
class Planted:
    """The small set of ``conftest.py`` while it is spoilt, and the settings of its two datasets."""

    tiny: Any
    settings: dict[str, dict] = field(default_factory=lambda: dict(train={}, test={}))

    @property
    def content(self) -> dict:
        return self.tiny.content

    def entry(self, video: str) -> dict:
        return self.content['database'][video]

    def first(self, video: str) -> dict:
        """The first annotation of a video."""
        return self.entry(video)['annotations'][0]

    def features(self, video: str, change: Callable[[np.ndarray], np.ndarray], streams: tuple = ('rgb', )) -> None:
        for stream in streams:
            self.tiny.write_features(stream, video, change(np.load(self.tiny.path(stream, video))))

    def copy_features(self, source: str, target: str) -> None:
        for stream in STREAMS:
            shutil.copy(self.tiny.path(stream, source), self.tiny.path(stream, target))

    def add_video(self, video: str, like: str, **changes: Any) -> None:
        """Another video of the same length with features of its own."""
        self.content['database'][video] = {**json.loads(json.dumps(self.entry(like))), **changes}
        for stream in STREAMS:
            shape = np.load(self.tiny.path(stream, like)).shape
            self.tiny.write_features(stream, video, self.tiny.rng.standard_normal(shape).astype(np.float16))

    def both(self, **settings: Any) -> None:
        for each in self.settings.values():
            each.update(settings)

    def second_file(self, change: Callable[[dict], object]) -> None:
        """Test videos in a file of their own, and training videos in theirs."""
        test = json.loads(json.dumps(self.content))
        for content, subset in ((self.content, 'train'), (test, 'test')):
            content['database'] = {name: entry for name, entry in content['database'].items()
                                   if entry['subset'] == subset}
        change(test)
        (self.tiny.root / 'test.json').write_text(json.dumps(test))
        self.settings['test']['ann_file'] = 'test.json'

    def findings(self) -> list[Finding]:
        """Save, and check what a training config with these datasets reads."""
        self.tiny.save()
        sources = subsets_of_config(Config({
            f'{subset}_dataloader': dict(dataset=self.tiny.config(subset) | settings)
            for subset, settings in self.settings.items()}))
        return sources.findings + check_dataset(sources.subsets).findings


def plant_in(video: str, **changes: Any) -> Callable[[Planted], None]:
    """Change the entry of a video."""
    return lambda planted: planted.entry(video).update(changes)


def plant_segment(video: str, segment: Any) -> Callable[[Planted], None]:
    return lambda planted: planted.first(video).update(segment=segment)


def plant_values(video: str, change: Callable[[np.ndarray], np.ndarray], *streams: str) -> Callable[[Planted], None]:
    return lambda planted: planted.features(video, change, streams or ('rgb', ))


def with_value(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array[2, 1] = value
        return array
    return change


def stuck(array: np.ndarray) -> np.ndarray:
    array[4:10] = array[4]
    return array


def frames_instead_of_seconds(planted: Planted) -> None:
    for entry in planted.content['database'].values():
        for annotation in entry['annotations'] if entry['subset'] == 'test' else ():
            annotation['segment'] = [25 * border for border in annotation['segment']]


def one_snippet(planted: Planted) -> None:
    planted.features('train_7', lambda array: array[:1], STREAMS)
    planted.entry('train_7').update(duration=0.64, annotations=[dict(label='CliffDiving', segment=[0.0, 0.5])])


def long_video(planted: Planted) -> None:
    planted.features('train_7', lambda array: planted.tiny.rng.standard_normal((600, 4)).astype(np.float16), STREAMS)
    planted.entry('train_7')['duration'] = 0.64 * 600


def fixed_length(planted: Planted) -> None:
    for video in planted.content['database']:
        planted.features(video, lambda array: planted.tiny.rng.standard_normal((11, 4)).astype(np.float16), STREAMS)


def all_transposed(planted: Planted) -> None:
    for video in planted.content['database']:
        planted.features(video, lambda array: array.T, STREAMS)


def other_class_in_the_test(planted: Planted) -> None:
    planted.content['classes'].append('GolfSwing')
    planted.first('test_8')['label'] = 'GolfSwing'


def trained_on_a_test_video(planted: Planted) -> None:
    planted.second_file(lambda test: test['database'].update(train_1=planted.entry('train_1') | dict(subset='test')))


def same_video_under_two_names(planted: Planted) -> None:
    planted.add_video('v_train_1', like='train_1', subset='test')


def key_twice(planted: Planted) -> None:
    planted.tiny.save = lambda: None
    text = json.dumps(planted.content).replace('"test_9":', '"test_8":')
    (planted.tiny.root / 'annotations.json').write_text(text)


def unreadable(planted: Planted) -> None:
    planted.tiny.save = lambda: None
    (planted.tiny.root / 'annotations.json').write_text('{"database": ')


def swapped(planted: Planted) -> None:
    planted.both(data_prefix=dict(rgb='features/flow', flow='features/rgb'))


def no_durations_in(subset: str) -> Callable[[Planted], None]:
    def plant(planted: Planted) -> None:
        for entry in planted.content['database'].values():
            if entry['subset'] == subset:
                del entry['duration']
    return plant


TRAIN = tuple(f'train_{index}' for index in range(8))
TEST = tuple(f'test_{index}' for index in range(8, 12))
E, W = ERROR, WARNING

PLANTS: dict[str, tuple[Callable[[Planted], object], set[tuple[str, str, tuple[str, ...]]]]] = {
    'a segment beyond the duration': (plant_segment('test_9', [1.0, 99.0]), {('segment-outside', W, ('test_9', ))}),
    'a segment before the start': (plant_segment('test_9', [-5.0, 1.0]), {('segment-outside', W, ('test_9', ))}),
    'a training segment beyond the end': (plant_segment('train_3', [1.0, 99.0]),
                                          {('segment-outside', W, ('train_3', ))}),
    'a reversed segment': (plant_segment('test_9', [3.0, 1.0]), {('segment-reversed', E, ('test_9', ))}),
    'a reversed training segment': (plant_segment('train_3', [3.0, 1.0]), {('segment-reversed', W, ('train_3', ))}),
    'a segment without length': (plant_segment('test_9', [1.0, 1.0]), {('segment-empty', W, ('test_9', ))}),
    'a segment up to infinity': (plant_segment('test_9', [1.0, float('inf')]),
                                 {('segment-not-finite', E, ('test_9', ))}),
    'a segment of one border': (plant_segment('test_9', [1.0]), {('segment-malformed', E, ('test_9', ))}),
    'a segment of words': (plant_segment('test_9', ['a', 'b']), {('segment-malformed', E, ('test_9', ))}),
    'an instance twice': (lambda planted: planted.entry('test_8')['annotations'].append(planted.first('test_8')),
                          {('segment-duplicated', W, ('test_8', ))}),
    'times in frames': (frames_instead_of_seconds, {('segments-unit', E, TEST)}),
    'an unknown label': (lambda planted: planted.first('train_2').update(label='Divving'),
                         {('unknown-label', E, ('train_2', ))}),
    'a label with a space': (lambda planted: planted.first('train_2').update(label='High Jump '),
                             {('class-spelling', E, ('train_2', ))}),
    'a label in other case': (lambda planted: planted.first('train_2').update(label='highJump'),
                              {('class-spelling', E, ('train_2', ))}),
    'a class in two spellings': (lambda planted: planted.content['classes'].append('Diving '),
                                 {('class-spelling', E, ())}),
    'no label in training': (plant_in('train_2', annotations=[]), {('unlabelled-video', E, ('train_2', ))}),
    'no instance in the test': (plant_in('test_8', annotations=[]), {('no-instance', W, ('test_8', ))}),
    'labels unlike the segments': (plant_in('train_2', labels=['Diving']), {('labels-disagree', W, ('train_2', ))}),
    'labels as one word': (plant_in('train_2', labels='Diving'), {('entry-malformed', E, ('train_2', ))}),
    'annotations as a mapping': (plant_in('test_9', annotations=dict(label='Diving', segment=[0, 1])),
                                 {('entry-malformed', E, ('test_9', ))}),
    'a class that no video has': (lambda planted: planted.content['classes'].append('GolfSwing'),
                                  {('class-unused', W, ())}),
    'a class of the test only': (other_class_in_the_test, {('class-unseen', E, ())}),
    'another order in the config': (lambda planted: planted.settings['test'].update(
        metainfo=dict(classes=['HighJump', 'CliffDiving', 'Diving'])), {('class-order', E, ())}),
    'another order in a second file': (lambda planted: planted.second_file(lambda test: test['classes'].reverse()),
                                       {('class-order', E, ())}),
    'no order of the classes': (lambda planted: planted.content.pop('classes'), {('class-unpinned', E, ())}),
    'a test video trained on': (trained_on_a_test_video, {('train-test-overlap', E, ('train_1', ))}),
    'a test video trained on under another name': (same_video_under_two_names,
                                                   {('train-test-overlap', E, ('train_1', 'v_train_1'))}),
    'a test video with the features of a training video': (
        lambda planted: (planted.add_video('copy', like='train_6', subset='test'),
                         planted.copy_features('train_6', 'copy')), {('train-test-overlap', E, ('train_6', 'copy'))}),
    'a training video twice by name': (lambda planted: planted.add_video('train_1.mp4', like='train_1'),
                                       {('duplicated-video', W, ('train_1', 'train_1.mp4'))}),
    'a training video twice by features': (
        lambda planted: (planted.add_video('zz', like='train_1'), planted.copy_features('train_1', 'zz')),
        {('duplicated-video', W, ('train_1', 'zz'))}),
    'a duration of zero': (plant_in('train_2', duration=0), {('duration-invalid', E, ('train_2', ))}),
    'a duration as a word': (plant_in('train_2', duration='long'), {('duration-invalid', E, ('train_2', ))}),
    'a duration is missing': (lambda planted: planted.entry('train_2').pop('duration'),
                              {('duration-missing', W, ('train_2', ))}),
    'every duration is missing': (no_durations_in('test'), {('duration-missing', W, TEST)}),
    'a duration unlike T': (plant_in('train_7', duration=40.0), {('duration-mismatch', W, ('train_7', ))}),
    'features that end early': (plant_values('train_7', lambda array: array[:12], *STREAMS),
                                {('duration-mismatch', W, ('train_7', ))}),
    'a rate of 10 frames a second': (lambda planted: planted.content['feature'].update(fps=10),
                                     {('recipe-contradicted', E, ())}),
    'a stride of 8': (lambda planted: planted.content['feature'].update(snippet_stride=8),
                      {('recipe-contradicted', E, ())}),
    'features of a fixed length': (fixed_length, {('recipe-contradicted', E, ())}),
    'no recipe': (lambda planted: planted.content.pop('feature'), {('recipe-missing', E, ())}),
    'two recipes': (lambda planted: planted.both(recipe=dict(fps=30, snippet_stride=16)), {('recipe-conflict', E, ())}),
    'a recipe of other keys': (lambda planted: planted.content.update(feature=dict(fps=25, stride=16)),
                               {('recipe-invalid', E, ())}),
    'a recipe that needs the rate of each video': (
        lambda planted: (planted.content.update(feature=dict(fps='video', snippet_stride=16)),
                         [entry.update(fps=25) for video, entry in planted.content['database'].items()
                          if video != 'test_9']), {('recipe-invalid', E, ('test_9', ))}),
    'a file is missing': (lambda planted: planted.tiny.path('flow', 'train_1').unlink(),
                          {('features-missing', E, ('train_1', ))}),
    'a missing file is left out': (
        lambda planted: (planted.tiny.path('flow', 'train_1').unlink(), planted.both(missing='skip')),
        {('features-missing', W, ('train_1', ))}),
    'a file is no array': (lambda planted: planted.tiny.path('flow', 'train_2').write_bytes(b'not numpy'),
                           {('features-unreadable', E, ('train_2', ))}),
    'a file is cut off': (lambda planted: planted.tiny.path('flow', 'train_2').write_bytes(
        planted.tiny.path('flow', 'train_2').read_bytes()[:-10]), {('features-unreadable', E, ('train_2', ))}),
    'whole numbers': (plant_values('train_2', lambda array: array.astype(np.int64)),
                      {('features-dtype', E, ('train_2', ))}),
    'a third dimension': (plant_values('train_2', lambda array: array[:, None]),
                          {('features-shape', E, ('train_2', ))}),
    'channels before snippets': (plant_values('train_2', lambda array: array.T),
                                 {('features-transposed', E, ('train_2', ))}),
    'channels before snippets everywhere': (all_transposed, {('features-transposed', E, (video, ))
                                                             for video in TRAIN + TEST}),
    'another width': (plant_values('train_2', lambda array: array[:, :3]), {('features-width', E, ('train_2', ))}),
    'another width than the config says': (lambda planted: planted.both(feature_dim=1024), {
        ('features-width', E, (video, )) for video in TRAIN + TEST}),
    'features of no video': (lambda planted: planted.tiny.write_features('rgb', 'nobody', np.ones((5, 4), np.float16)),
                             {('features-extra', W, ('nobody', ))}),
    'a stream a little shorter': (plant_values('train_7', lambda array: array[:-2]),
                                  {('streams-uneven', W, ('train_7', ))}),
    'a stream far shorter': (plant_values('train_7', lambda array: array[:-9]),
                             {('streams-mismatched', E, ('train_7', ))}),
    'both streams from one folder': (lambda planted: planted.both(data_prefix=dict.fromkeys(STREAMS, 'features/rgb')),
                                     {('streams-equal', E, ())}),
    'both streams with the same values': (lambda planted: shutil.copy(planted.tiny.path('rgb', 'train_3'),
                                                                      planted.tiny.path('flow', 'train_3')),
                                          {('streams-equal', E, ('train_3', ))}),
    "streams in each other's place": (swapped, {('streams-swapped', E, ())}),
    'one snippet': (one_snippet, {('video-short', W, ('train_7', ))}),
    'a very long video': (long_video, {('video-long', W, ('train_7', ))}),
    'NaN': (plant_values('train_5', with_value(np.nan)), {('values-not-finite', E, ('train_5', ))}),
    'infinity': (plant_values('train_5', with_value(np.inf)), {('values-not-finite', E, ('train_5', ))}),
    'zeros': (plant_values('train_5', np.zeros_like), {('values-zero', E, ('train_5', ))}),
    'a constant': (plant_values('train_5', lambda array: array[:1].repeat(len(array), 0)),
                   {('values-constant', E, ('train_5', ))}),
    'a decoder that got stuck': (plant_values('train_5', stuck), {('values-repeated', W, ('train_5', ))}),
    'another scale': (plant_values('train_5', lambda array: 30 * array, *STREAMS),
                      {('values-scale', W, ('train_5', ))}),
    'a subset that is not there': (lambda planted: planted.settings['test'].update(subset='testing'),
                                   {('subset-empty', E, ())}),
    'a video whose name leads elsewhere': (lambda planted: planted.content['database'].update(
        {'../up': planted.content['database'].pop('train_2')}), {('video-name', E, ())}),
    'a video twice in the JSON': (key_twice, {('duplicated-key', E, ())}),
    'a JSON that breaks off': (unreadable, {('annotations-unreadable', E, ())}),
}


@pytest.mark.parametrize('name', PLANTS)
def test_a_planted_fault_is_found_and_nothing_else(tiny, name) -> None:
    plant, expected = PLANTS[name]
    planted = Planted(tiny)
    assert planted.findings() == []
    plant(planted)
    findings = planted.findings()
    assert {(finding.code, finding.severity, finding.videos) for finding in findings} == expected
    for finding in findings:
        assert len(finding.videos) > 2 or all(video in finding.message for video in finding.videos)
        assert any(part in finding.message for part in ('annotations.json', 'test.json', 'features', 'GolfSwing'))


@pytest.mark.parametrize('name', planted_in_made_set.PLANTS)
def test_a_fault_that_shows_in_comparison_is_found_and_nothing_else(name) -> None:
    plant, expected = planted_in_made_set.PLANTS[name]
    made = MadeSet.make()
    plant(made)
    findings = made.check().findings
    assert {(finding.code, finding.severity, finding.videos) for finding in findings} == expected
    for finding in findings:
        assert len(finding.videos) > 2 or all(video in finding.message for video in finding.videos)
        assert 'made' in finding.message or finding.message.split(':')[0] in made.content['classes']


def test_the_made_set_is_clean() -> None:
    assert MadeSet.make().check().findings == []


def test_every_rule_has_a_planted_fault() -> None:
    planted = [*PLANTS.values(), *planted_in_made_set.PLANTS.values()]
    assert {code for _, expected in planted for code, _, _ in expected} == CHECKS.keys()


def test_several_faults_are_all_found(tiny) -> None:
    planted = Planted(tiny)
    chosen = ('a reversed segment', 'an unknown label', 'NaN', 'one snippet', 'features of no video')
    for name in chosen:
        PLANTS[name][0](planted)
    found = {(finding.code, finding.severity, finding.videos) for finding in planted.findings()}
    assert found == set().union(*(PLANTS[name][1] for name in chosen))


def test_a_missing_file_that_is_there_under_another_name_is_said(tiny) -> None:
    tiny.path('rgb', 'train_1').rename(tiny.path('rgb', 'v_train_1'))
    missing, extra = Planted(tiny).findings()
    assert (missing.code, extra.code, extra.videos) == ('features-missing', 'features-extra', ('v_train_1', ))
    assert 'but there is v_train_1: say how files are named by a pattern' in missing.message


def test_made_data_are_clean(tmp_path) -> None:
    path = write_synthetic(tmp_path / 'made', SyntheticSettings(num_train=14, num_test=6, feature_dim=16))
    features = {stream: str(path.parent / 'features' / stream) for stream in STREAMS}
    sources = subsets_of_annotations(str(path), 'plugin', features, None)
    found = check_dataset(sources.subsets).findings
    assert sources.findings == []
    assert {finding.code for finding in found} <= {'class-unused', 'class-unseen', 'class-untested'}
    assert len(sources.subsets) == 2


@pytest.mark.parametrize('name', ['jhmdb-untrimmed', 'msrc12-multi', 'spoken', 'thermal', 'tug'])
def test_real_sets_are_clean(shared_data, name) -> None:
    features = {stream: str(shared_data / name / 'features' / stream) for stream in STREAMS}
    sources = subsets_of_annotations(str(shared_data / name / 'annotations.json'), 'plugin', features, None)
    assert sources.findings == check_dataset(sources.subsets).findings == []


def test_real_features_are_clean(shared_data, repository, monkeypatch) -> None:
    monkeypatch.setenv('RPN_SHARED_DATA', str(shared_data))
    sources = subsets_of_config(Config.fromfile(repository / 'configs' / 'rpn_vgg16_ucf101.py'))
    check = check_dataset(sources.subsets)
    assert sources.findings == check.findings == []
    assert [(one.num_videos, one.num_instances, one.num_usable) for one in check.statistics] == [
        (222, 943, 222), (86, 363, 86)]
