"""Faults that show only where videos, streams or subsets are compared: how to plant each, and what must be found."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from made_set import SECONDS, STREAMS, TEST, TRAIN, WIDTH, Change, MadeSet

from rpn_plugin.datasets.faults import ERROR, WARNING

E, W = ERROR, WARNING
PERMUTATION = np.random.default_rng(5).permutation(WIDTH)
Plant = Callable[[MadeSet], object]


def change(plant: Change, *videos: str, streams: tuple[str, ...] = ('rgb', )) -> Plant:
    return lambda made: made.change(plant, *videos, streams=streams)


def entry(video: str, **changes: Any) -> Plant:
    return lambda made: made.database[video].update(changes)


def annotate(plant: Callable[[float], float], *videos: str) -> Plant:
    return lambda made: made.annotate(plant, *videos)


def relabel(label: Callable[[int, int], list[str]]) -> Plant:
    """Give the training videos labels by their place and number of labels; segments stay as they are."""

    def plant(made: MadeSet) -> None:
        for index, video in enumerate(TRAIN):
            found = made.database[video]['annotations']
            for place, name in enumerate(label(index, len(found))):
                found[place]['label'] = name
    return plant


def noisy(share: float) -> Change:
    def add(array: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(1).standard_normal(array.shape)
        return (array + share * array.astype(np.float32).std() * noise).astype(np.float16)
    return add


def normalized(array: np.ndarray) -> np.ndarray:
    values = array.astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def with_rows(value: float, *rows: int) -> Change:
    def plant(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array[list(rows)] *= value
        return array
    return plant


def dead(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array[:, 3:9] = 0.5
    return array


def first_channel_zero(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array[:, 0] = 0
    return array


def one_class(made: MadeSet) -> None:
    made.content['classes'] = ['Diving']
    for video in made.database.values():
        for annotation in video['annotations']:
            annotation['label'] = 'Diving'


def another_class(name: str) -> Plant:
    def plant(made: MadeSet) -> None:
        made.content['classes'] = [*made.content['classes'], name]
        for video in (TRAIN[4], TEST[4]):
            made.database[video]['annotations'][1]['label'] = name
    return plant


def in_capitals(made: MadeSet) -> None:
    for video in ('test_2', 'test_5'):
        made.database[video]['subset'] = 'Test '


def copy(source: str, target: str, plant: Change, streams: tuple[str, ...] = STREAMS) -> Plant:
    """Give a video the features of another, changed, and as many snippets in the other stream."""

    def planted(made: MadeSet) -> None:
        for stream in STREAMS:
            found = made.features[stream]
            found[target] = plant(found[source]) if stream in streams else found[target][:len(found[source])]
        made.database[target]['duration'] = SECONDS * len(made.features['rgb'][target])
    return planted


def part(made: MadeSet) -> None:
    """A test video is cut out of a training video."""
    for stream in STREAMS:
        made.features[stream]['test_1'] = made.features[stream]['train_11'][20:100]
    made.database['test_1']['duration'] = SECONDS * 80


def half_shared(made: MadeSet) -> None:
    for found in made.features.values():
        found['train_9'] = np.concatenate([found['train_9'][:60], found['train_2'][40:]])
    made.database['train_9']['duration'] = SECONDS * len(made.features['rgb']['train_9'])
    copy('train_2', 'test_3', lambda array: array)(made)


def exchange(*pairs: tuple[str, str]) -> Plant:
    def plant(made: MadeSet) -> None:
        for one, two in pairs:
            for found in made.features.values():
                found[one], found[two] = found[two], found[one]
    return plant


def mixed_up(made: MadeSet) -> None:
    """The features of all training videos in another order, as in one file of arrays."""
    for found in made.features.values():
        arrays = [found[video] for video in TRAIN]
        found.update(zip(TRAIN, arrays[5:] + arrays[:5]))


def looped(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array[:30]] * 5)[:len(array)]


def flow_of_another_video(made: MadeSet) -> None:
    flow = made.features['flow']
    flow['train_6'] = flow['train_11'][:len(flow['train_6'])][::-1]


def flow_later(made: MadeSet) -> None:
    for video in TRAIN:
        made.features['flow'][video] = np.roll(made.features['flow'][video], 9, axis=0)


def other_streams(made: MadeSet) -> None:
    made.content['streams']['test'] = ['rgb']


def unordered(array: np.ndarray) -> np.ndarray:
    return np.random.default_rng(2).permutation(array)


def whole_videos(made: MadeSet) -> None:
    for video in TEST:
        found = made.database[video]
        found['annotations'] = [dict(found['annotations'][1], segment=[0.0, found['duration']])]


def rescaled(array: np.ndarray) -> np.ndarray:
    return (0.8 * array.astype(np.float32) + 0.25).astype(np.float16)


def add_instance(video: str, later: float) -> Plant:
    def plant(made: MadeSet) -> None:
        first = made.database[video]['annotations'][0]
        made.database[video]['annotations'].append(
            dict(first, segment=[border + later for border in first['segment']]))
    return plant


def copied_annotations(made: MadeSet) -> None:
    made.database['train_7']['annotations'] = made.database['train_1']['annotations']


Found = set[tuple[str, str, tuple[str, ...]]]

PLANTS: dict[str, tuple[Plant, Found]] = {
    # names
    'a subset in capitals beside the other': (in_capitals, {('subset-spelling', E, ())}),
    'a video name in capitals': (lambda made: made.database.update(TRAIN_3=made.database.pop('train_3')) or [
        found.update(TRAIN_3=found.pop('train_3')) for found in made.features.values()] and made.database.update(
            train_3=dict(made.database['train_4'])) or [
                found.update(train_3=noisy(0.9)(found['train_4'])) for found in made.features.values()],
        {('video-spelling', W, ('TRAIN_3', 'train_3')), ('annotations-copied', W, ('train_4', 'train_3'))}),
    'a class with a hyphen beside the one without': (another_class('High-Jump'), {('class-similar', W, ())}),
    # labels
    'a single class': (one_class, {('classes-single', W, ())}),
    'every class in every training video': (relabel(lambda index, number: ['Diving', 'CliffDiving', 'HighJump']),
                                            {('labels-constant', W, ())}),
    'one class in every training video': (relabel(lambda index, number: ['Diving']), {('class-everywhere', W, ())}),
    'two classes always together': (
        relabel(lambda index, number: ['Diving', 'CliffDiving', 'Diving'] if index % 2 else ['HighJump'] * number),
        {('classes-inseparable', W, ())}),
    'a class that is never tested': (lambda made: [annotation.update(label='Diving') for video in TEST
                                                   for annotation in made.database[video]['annotations']
                                                   if annotation['label'] == 'HighJump'],
                                     {('class-untested', W, ())}),
    # durations, rates and lengths
    'a duration of weeks': (entry('train_3', duration=2e6), {('duration-implausible', W, ('train_3', ))}),
    'a duration beyond all numbers': (entry('train_3', duration=1e308), {('duration-invalid', E, ('train_3', ))}),
    'a frame rate of zero': (entry('train_3', fps=0), {('fps-invalid', W, ('train_3', ))}),
    'a frame rate as a word': (entry('test_3', fps='25'), {('fps-invalid', W, ('test_3', ))}),
    'half the snippets': (change(lambda array: array[::2], 'test_4', streams=STREAMS),
                          {('features-half', W, ('test_4', )), ('segment-outside', W, ('test_4', ))}),
    'one video at 24 instead of 25 frames a second': (change(lambda array: array[:-5], 'test_7', streams=STREAMS),
                                                      {('video-rate', W, ('test_7', ))}),
    'one video at twice the rate': (change(lambda array: noisy(0.1)(array.repeat(2, 0)), 'test_4', streams=STREAMS),
                                    {('video-rate', W, ('test_4', ))}),
    'two videos with the features of each other': (exchange(('train_1', 'train_11')),
                                                   {('features-exchanged', E, ('train_1', 'train_11'))}),
    'features of all videos in another order': (mixed_up, {('features-exchanged', E, TRAIN)}),
    'a test at another stride': (lambda made: made.recipes['test'].update(snippet_stride=16.2),
                                 {('subset-recipe', E, ())}),
    # segments
    'one video in frames': (annotate(lambda border: 25 * border, 'test_2'), {('segment-unit', E, ('test_2', ))}),
    'one training video in milliseconds': (annotate(lambda border: 1000 * border, 'train_2'),
                                           {('segment-unit', W, ('train_2', ))}),
    'times in minutes': (annotate(lambda border: border / 60, *TEST), {('segments-early', E, ()), *(
        ('segment-short', W, (video, )) for video in TEST)}),
    'borders that come five seconds late': (annotate(lambda border: border + 5.12, *TEST),
                                            {('segments-shifted', W, ())}),
    'training borders that come four seconds early': (annotate(lambda border: border - 3.84, *TRAIN),
                                                      {('segments-shifted', W, ())}),
    'borders of one video three seconds late': (annotate(lambda border: border + 3, 'test_3'),
                                             {('segments-unrelated', W, ('test_3', ))}),
    'an instance twice, a little later': (add_instance('test_3', 0.1), {('segment-near-duplicate', W, ('test_3', ))}),
    'a segment of a tenth of a second': (
        lambda made: made.database['test_3']['annotations'][0].update(segment=[8.0, 8.1]),
        {('segment-short', W, ('test_3', ))}),
    'instances as long as their videos': (whole_videos, {('segments-whole', W, ())}),
    'annotations copied from one video to another': (
        copied_annotations, {('annotations-copied', W, ('train_1', 'train_7'))}),
    # videos that are there twice
    'a training video copied with noise': (copy('train_2', 'train_9', noisy(0.05)),
                                           {('near-copy', W, ('train_2', 'train_9'))}),
    'one stream copied and scaled': (copy('train_2', 'train_9', rescaled, ('flow', )), {
        ('near-copy', W, ('train_2', 'train_9')), ('streams-unrelated', W, ('train_9', ))}),
    'a test video that is a scaled training video': (copy('train_2', 'test_3', rescaled),
                                                     {('train-test-near-copy', E, ('train_2', 'test_3'))}),
    'a test video in float16 of a training video in float32': (
        lambda made: (change(lambda array: array.astype(np.float32) + np.float32(1e-9), 'train_2',
                             streams=STREAMS)(made), copy('train_2', 'test_3', np.float16)(made)),
        {('train-test-overlap', E, ('train_2', 'test_3'))}),
    'a test video whose copy shares half of its snippets with a third video': (
        half_shared, {('train-test-overlap', E, ('train_2', 'test_3'))}),
    'a test video cut out of a training video': (part, {
        ('train-test-snippets', E, ('train_11', 'test_1')), ('segments-unrelated', W, ('test_1', ))}),
    # streams of one video
    'the streams of one video swapped': (lambda made: made.swap_streams('train_5'),
                                         {('video-streams-swapped', E, ('train_5', ))}),
    'rgb scaled as flow': (lambda made: made.features['flow'].update(train_5=rescaled(made.features['rgb']['train_5'])),
                           {('streams-alike', E, ('train_5', )), ('video-channels', W, ('train_5', ))}),
    'the flow of another video': (flow_of_another_video, {('streams-unrelated', W, ('train_6', ))}),
    'flow nine snippets later in one video': (
        change(lambda array: np.roll(array, 9, axis=0), 'train_6', streams=('flow', )),
        {('streams-unrelated', W, ('train_6', ))}),
    'flow nine snippets later': (flow_later, {('streams-shifted', W, ())}),
    # one video against the others
    'channels permuted in one video': (change(lambda array: array[:, PERMUTATION], 'train_8'),
                                       {('video-channels', W, ('train_8', ))}),
    'one video normalized': (change(normalized, 'train_8'), {
        ('values-normalized', W, ('train_8', )), ('values-scale', W, ('train_8', ))}),
    'all training videos but one normalized, and the test': (
        change(normalized, *TEST, *(video for video in TRAIN if video != 'train_8')),
        {('values-normalized', W, ('train_8', )), ('values-scale', W, ('train_8', ))}),
    'one video times three': (change(lambda array: 3 * array, 'train_8'), {('values-scale', W, ('train_8', ))}),
    'one video far from the others': (change(lambda array: array + np.float16(20), 'train_8'), {
        ('values-offset', W, ('train_8', )), ('values-scale', W, ('train_8', )),
        ('values-negative', W, ('train_8', ))}),
    'one video after a ReLU': (change(lambda array: np.maximum(array, 0), 'train_8'),
                               {('values-negative', W, ('train_8', ))}),
    'one video before a ReLU': (
        lambda made: change(lambda array: np.maximum(array, 0),
                            *(video for video in TRAIN + TEST if video != 'train_8'))(made),
        {('values-negative', W, ('train_8', ))}),
    'one video that hardly changes': (
        change(lambda array: (array[:1] + 0.01 * array).astype(np.float16), 'train_8'),
        {('values-frozen', W, ('train_8', )), ('values-scale', W, ('train_8', ))}),
    'one video in no order': (change(unordered, 'train_8', streams=STREAMS), {
        ('values-unordered', W, ('train_8', ))}),
    'a looped video': (change(looped, 'train_8', streams=STREAMS), {('values-looped', W, ('train_8', ))}),
    'a video that was joined to itself': (change(lambda array: np.concatenate([array[:52]] * 2), 'train_8',
                                                 streams=STREAMS), {('values-looped', W, ('train_8', ))}),
    'every snippet twice': (change(lambda array: array[::2].repeat(2, 0), 'train_8', streams=STREAMS),
                            {('values-doubled', W, ('train_8', ))}),
    'a spike': (change(with_rows(30.0, 40), 'train_8'), {('values-spike', W, ('train_8', )),
                                                         ('values-scale', W, ('train_8', ))}),
    'values beyond float16': (change(lambda array: array.astype(np.float64) * 1e30, 'train_8'),
                              {('values-huge', E, ('train_8', ))}),
    'some zero snippets': (change(with_rows(0.0, 3, 50, 51), 'train_8'), {('snippets-zero', W, ('train_8', ))}),
    'a channel that is constant everywhere': (change(first_channel_zero, *TRAIN, *TEST),
                                              {('channels-constant', W, ())}),
    'dead channels in one video': (change(dead, 'train_8'), {('channels-dead', W, ('train_8', ))}),
    # the test against training
    'test features times three': (change(lambda array: 3 * array, *TEST), {('subset-scale', E, ())}),
    'test features normalized': (change(normalized, *TEST), {('subset-normalized', E, ())}),
    'a constant on all test features': (change(lambda array: array + np.float16(5), *TEST), {('subset-offset', E, ())}),
    'test features after a ReLU': (change(lambda array: np.maximum(array, 0), *TEST), {('subset-negative', E, ())}),
    'dead channels in the test': (change(dead, *TEST), {('subset-dead', E, ())}),
    'channels of the test permuted': (change(lambda array: array[:, PERMUTATION], *TEST),
                                      {('subset-channels', E, ())}),
    'streams of the test swapped': (lambda made: made.swap_streams(*TEST), {('subset-streams-swapped', E, ())}),
    'a narrower test': (change(lambda array: array[:, :20], *TEST), {('subset-width', E, ())}),
    'a stream less in the test': (other_streams, {('subset-streams', E, ())}),
}
"""What is done to the set of :mod:`made_set`, and code, severity and videos of what is found."""
