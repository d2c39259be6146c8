"""The dataset gives what is on disk, and names what is wrong with it."""
from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.logging import MMLogger

from rpn_plugin.datasets.formats import LAYOUTS, Annotations, DataLayout


def everything_in(item: object) -> str:
    """Every value of a training item as text."""
    return repr(item)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged."""
    lines: list[str] = []
    logger = MMLogger.get_current_instance()
    for level in ('info', 'warning'):
        monkeypatch.setattr(logger, level, lambda message, *_: lines.append(message))
    return lines


@pytest.mark.parametrize('cache', [0, 1])
def test_items_hold_the_files_and_the_clock(tiny, cache) -> None:
    dataset = DATASETS.build(tiny.config('test', cache_gib=cache))
    assert [dataset.get_data_info(index)['video_name'] for index in range(4)] == [f'test_{i}' for i in range(8, 12)]
    item = dataset[1]
    sample = item['data_samples']
    for stream in ('rgb', 'flow'):
        np.testing.assert_array_equal(item['inputs'][stream].numpy(), np.load(tiny.path(stream, 'test_9')))
    assert sample.gt_label.tolist() == [0, 1]
    assert sample.annotations == tiny.content['database']['test_9']['annotations']
    assert sample.clock.to_seconds(2) == 1.28 and sample.duration_second == 0.64 * 23


def test_a_memory_mapped_dataset_holds_no_features_and_a_cached_one_hands_none_to_spawned_workers(tiny) -> None:
    tiny.write_features('rgb', 'train_0', np.zeros((5, 100_000), np.float16))
    tiny.content['database'] = {'train_0': tiny.content['database']['train_0']}
    tiny.save()
    mapped, cached = (DATASETS.build(tiny.config(data_prefix=dict(rgb='features/rgb'), cache_gib=gib))
                      for gib in (0, 1))
    assert isinstance(mapped.get_data_info(0)['features']['rgb'], np.memmap)
    assert not isinstance(cached.get_data_info(0)['features']['rgb'], np.memmap)
    for dataset in (mapped, cached):
        pickled = pickle.dumps(dataset)
        assert len(pickled) < 20_000
        assert pickle.loads(pickled).get_data_info(0)['features']['rgb'].shape == (5, 100_000)


def test_the_cache_keeps_to_its_budget(tiny, log) -> None:
    sizes = [sum(np.load(tiny.path(stream, f'train_{i}')).nbytes for stream in ('rgb', 'flow')) for i in range(8)]
    dataset = DATASETS.build(tiny.config(cache_gib=(sum(sizes[:3]) + 1) / 2**30))
    mapped = [isinstance(dataset.get_data_info(i)['features']['rgb'], np.memmap) for i in range(8)]
    assert mapped == [False] * 3 + [True] * 5
    assert any('3 of 8 videos fit into the cache' in line for line in log)


def test_features_kept_on_a_device_are_those_of_the_files(tiny) -> None:
    sampling = [dict(type='LoadSnippets'), dict(type='SampleSnippets', num_snippets=5, mode='strata'),
                dict(type='PackUntrimmedInputs')]
    mapped, resident, partly = (DATASETS.build(tiny.config(pipeline=sampling, **cache)) for cache in (
        {}, dict(cache_gib=1, cache_device='cpu'), dict(cache_gib=1e-6, cache_device='cpu')))
    in_cache = [isinstance(partly.get_data_info(i)['features']['rgb'], torch.Tensor) for i in range(8)]
    assert in_cache[0] and not in_cache[-1]
    for index in range(len(mapped)):
        items = []
        for dataset in (mapped, resident, partly):
            np.random.seed(index)
            items.append(dataset[index]['inputs'])
        for stream in ('rgb', 'flow'):
            assert torch.equal(items[0][stream], items[1][stream]) and torch.equal(items[0][stream], items[2][stream])
    tiny.path('rgb', 'train_0').unlink()
    assert len(resident[0]['inputs']['rgb']) == 5, 'read again'


def test_a_value_that_is_not_finite_is_found_before_it_is_kept_on_a_device(tiny) -> None:
    tiny.write_features('flow', 'train_1', np.full((7, 4), np.nan, dtype=np.float16))
    with pytest.raises(ValueError, match='flow/train_1.npy: 28 values are not finite'):
        DATASETS.build(tiny.config(cache_gib=1, cache_device='cpu'))


def test_a_cache_on_a_device_has_a_budget_and_no_workers(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="cache_gib > 0 beside cache_device='cuda', but got 0.0"):
        DATASETS.build(tiny.config(cache_device='cuda'))
    dataset = DATASETS.build(tiny.config(cache_gib=1, cache_device='meta'))
    assert dataset[0]['inputs']['rgb'].is_meta
    monkeypatch.setattr('rpn_plugin.datasets.untrimmed_feature_dataset.get_worker_info', lambda: 'a worker')
    with pytest.raises(RuntimeError, match="cache_device='meta' needs num_workers=0"):
        dataset[0]


def test_class_order_comes_from_the_config_where_the_file_has_none(tiny) -> None:
    del tiny.content['classes']
    tiny.save()
    with pytest.raises(ValueError, match='pinned nowhere'):
        DATASETS.build(tiny.config())
    dataset = DATASETS.build(tiny.config(metainfo=dict(classes=['HighJump', 'CliffDiving', 'Diving'])))
    assert dataset.video_labels()[0] == [1, 2] and dataset.metainfo['classes'] == ('HighJump', 'CliffDiving', 'Diving')


def test_two_class_orders_are_refused(tiny) -> None:
    with pytest.raises(ValueError, match=r'annotations\.json: its "classes" are .* but the config'):
        DATASETS.build(tiny.config(metainfo=dict(classes=['HighJump', 'CliffDiving', 'Diving'])))


def test_a_recipe_is_needed_once_and_not_twice(tiny) -> None:
    with pytest.raises(ValueError, match='its recipe is one feature per 16 frames at 25 fps.*config.*per 8 frames'):
        DATASETS.build(tiny.config(recipe=dict(fps=25, snippet_stride=8)))
    del tiny.content['feature']
    tiny.save()
    with pytest.raises(ValueError, match='fps and stride of the features are stated nowhere(?s:.*)25 fps / stride 16'):
        DATASETS.build(tiny.config())
    for entry in tiny.content['database'].values():
        del entry['duration']
    tiny.save()
    item = DATASETS.build(tiny.config(recipe=dict(fps=25, snippet_stride=8)))[0]
    assert item['data_samples'].clock.stride_frames == 8


def test_all_unusable_files_are_listed_at_once(tiny) -> None:
    tiny.path('rgb', 'train_1').unlink()
    tiny.path('flow', 'train_2').write_bytes(b'not numpy')
    tiny.write_features('flow', 'train_3', np.zeros((0, 4), np.float32))
    np.save(tiny.path('rgb', 'train_4'), np.array([{'code': 1}], dtype=object), allow_pickle=True)
    tiny.write_features('rgb', 'train_5', np.zeros((5, 4), np.int64))
    with pytest.raises(ValueError) as error:
        DATASETS.build(tiny.config())
    for part in ('train_1.npy: missing', 'train_2.npy: unreadable', '(0, 4)', 'train_4.npy: unreadable', 'int64',
                 'missing="skip"'):
        assert part in str(error.value)


def test_skipping_is_logged_with_the_same_list(tiny, log) -> None:
    tiny.path('rgb', 'train_1').unlink()
    dataset = DATASETS.build(tiny.config(missing='skip'))
    assert len(dataset) == 7 and 'train_1' not in {dataset.get_data_info(i)['video_name'] for i in range(7)}
    assert any('features-missing' in line and 'train_1.npy: missing' in line for line in log)
    for stream in ('rgb', 'flow'):
        for path in tiny.path(stream, 'train_1').parent.glob('train_*.npy'):
            path.unlink()
    with pytest.raises(ValueError, match=r'features-missing \(2\).*none of the 8 videos.*the 4 files there are of oth'):
        DATASETS.build(tiny.config(missing='skip'))


def test_a_missing_folder_is_one_line_and_not_one_for_every_video(tiny) -> None:
    with pytest.raises(ValueError) as error:
        DATASETS.build(tiny.config(data_prefix=dict(rgb='features/rgb', flow='nowhere')))
    assert len(str(error.value).splitlines()) == 1 and 'train_1' not in str(error.value)
    assert 'nowhere/*.npy: none of the 8 videos is there, such as train_0; there is no such folder' in str(error.value)


def test_faults_of_one_kind_are_one_line_that_names_the_first(tiny) -> None:
    for index in range(1, 6):
        tiny.path('rgb', f'train_{index}').unlink()
    tiny.path('rgb', 'train_6').write_bytes(b'not numpy')
    with pytest.raises(ValueError) as error:
        DATASETS.build(tiny.config())
    missing, unreadable = str(error.value).splitlines()
    assert 'train_3.npy: missing and 2 more. Extract them' in missing and 'train_4' not in missing
    assert unreadable.startswith('features-unreadable (1)')


def test_warnings_are_counted_in_one_line(tiny, log) -> None:
    for video in ('train_6', 'train_7'):
        tiny.write_features('flow', video, np.load(tiny.path('flow', video))[:-2])
    DATASETS.build(tiny.config())[0]
    assert '2 warnings about' in log[-1] and '(streams-uneven 2); the log file and rpn check list them.' in log[-1]


def test_streams_are_cut_to_the_shorter_with_a_log_line(tiny, log) -> None:
    tiny.write_features('flow', 'train_7', np.load(tiny.path('flow', 'train_7'))[:-3])
    item = DATASETS.build(tiny.config())[7]
    assert {len(snippets) for snippets in item['inputs'].values()} == {19 - 3}
    np.testing.assert_array_equal(item['inputs']['rgb'].numpy(), np.load(tiny.path('rgb', 'train_7'))[:16])
    assert any("video train_7 have {'rgb': 19, 'flow': 16}" in line for line in log)


def test_streams_that_differ_by_more_are_refused(tiny) -> None:
    tiny.write_features('flow', 'train_7', np.load(tiny.path('flow', 'train_7'))[:-6])
    with pytest.raises(ValueError, match=r"video train_7 have \{'rgb': 19, 'flow': 13\}.*at most 5"):
        DATASETS.build(tiny.config())


def test_a_wrong_width_names_the_file(tiny) -> None:
    tiny.write_features('flow', 'train_7', np.zeros((19, 3), np.float32))
    with pytest.raises(ValueError, match=r'flow/train_7\.npy: expected D=4, but got D=3'):
        DATASETS.build(tiny.config())
    with pytest.raises(ValueError, match=r'expected D=1024, but got D=4'):
        DATASETS.build(tiny.config(feature_dim=1024))


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_a_value_that_is_not_finite_names_file_and_place(tiny, value) -> None:
    features = np.load(tiny.path('flow', 'train_7'))
    features[3, 2] = value
    tiny.write_features('flow', 'train_7', features)
    dataset = DATASETS.build(tiny.config())
    with pytest.raises(ValueError, match=rf'flow/train_7\.npy: 1 values.*{value} at snippet 3, channel 2'):
        dataset[7]


def test_an_unknown_label_names_the_video(tiny) -> None:
    tiny.content['database']['train_2']['annotations'][0]['label'] = 'Divving'
    tiny.save()
    with pytest.raises(ValueError, match=r"annotations\.json: video train_2 has the unknown labels \['Divving'\]"):
        DATASETS.build(tiny.config())


def test_a_training_video_without_label_is_refused_and_a_test_video_is_not(tiny) -> None:
    for video in ('train_2', 'test_8'):
        tiny.content['database'][video]['annotations'] = []
    tiny.save()
    assert DATASETS.build(tiny.config('test'))[0]['data_samples'].gt_label.tolist() == []
    with pytest.raises(ValueError, match='video train_2 has no label'):
        DATASETS.build(tiny.config())


def test_an_empty_subset_lists_those_there_are(tiny) -> None:
    with pytest.raises(ValueError, match=r"no video in subset 'validation'; the file has \['test', 'train'\]"):
        DATASETS.build(tiny.config('validation'))


@pytest.mark.parametrize('duration', ['long', 0, -3.0, True])
def test_a_bad_duration_names_the_video(tiny, duration) -> None:
    tiny.content['database']['train_2']['duration'] = duration
    tiny.save()
    with pytest.raises(ValueError, match=f'annotations.json: video train_2 has the duration {duration!r}'):
        DATASETS.build(tiny.config())


def test_without_a_duration_the_features_tell_it(tiny) -> None:
    del tiny.content['database']['test_8']['duration']
    tiny.save()
    assert DATASETS.build(tiny.config('test'))[0]['data_samples'].duration_second == pytest.approx(21 * 0.64)


@pytest.mark.parametrize('segment, message', [
    ([0.0, float('nan')], r'video test_8 has the segment \[0\.0, nan\]; expected finite'),
    ([2.0, 1.0], r'video test_8 has the segment \[2\.0, 1\.0\]; expected start <= end'),
    ([1.0], r'video test_8 has the segment \[1\.0\]; expected \[start, end\]'),
    (['a', 2.0], r"video test_8 has the segment \['a', 2\.0\]"),
])
def test_a_bad_segment_names_video_and_value_in_testing_and_is_never_read_in_training(tiny, segment, message) -> None:
    for video in ('test_8', 'train_0'):
        tiny.content['database'][video]['annotations'][0]['segment'] = segment
    tiny.save()
    with pytest.raises(ValueError, match=message):
        DATASETS.build(tiny.config('test'))
    assert DATASETS.build(tiny.config())[0]['data_samples'].gt_label.tolist() == [0, 1]


@pytest.mark.parametrize('segment', [[0.0, 99.0], [-5.0, 1.0]])
def test_a_segment_outside_counts_and_is_logged_once(tiny, log, segment) -> None:
    tiny.content['database']['test_8']['annotations'][0]['segment'] = segment
    tiny.save()
    for _ in range(2):
        dataset = DATASETS.build(tiny.config('test'))
        assert dataset[0]['data_samples'].annotations[0]['segment'] == segment
    [line] = [line for line in log if 'segment-outside (1' in line]
    assert f'video test_8 of 13.44 s (duration): 1 of 1 segments, HighJump [{segment[0]:g}, {segment[1]:g}]' in line


@pytest.mark.parametrize('content, message', [('{', 'not a JSON file'), ('[]', 'JSON object'), ('{}', '"database"')])
def test_a_file_that_is_no_annotation_file(tiny, content, message) -> None:
    (tiny.root / 'annotations.json').write_text(content)
    with pytest.raises(ValueError, match=f'annotations.json: .*{message}'):
        DATASETS.build(tiny.config())


def test_labels_win_over_those_of_segments_and_the_log_says_so(tiny, log) -> None:
    tiny.content['database']['train_2']['labels'] = ['Diving']
    tiny.save()
    dataset = DATASETS.build(tiny.config())
    assert dataset.video_labels()[2] == [tiny.content['classes'].index('Diving')]
    assert any('labels-disagree (1, subset train)' in line and 'video train_2 has' in line for line in log)


def test_float64_features_are_rounded_to_float32(tiny) -> None:
    length = len(np.load(tiny.path('rgb', 'train_0')))
    features = np.random.default_rng(0).standard_normal((length, 4))
    tiny.write_features('rgb', 'train_0', features)
    loaded = DATASETS.build(tiny.config())[0]['inputs']['rgb'].numpy()
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, features.astype(np.float32))


def test_training_items_hold_video_level_labels_only(tiny) -> None:
    dataset = DATASETS.build(tiny.config())
    for index in range(len(dataset)):
        item, info = dataset[index], dataset.get_data_info(index)
        assert 'annotations' not in info and 'segment' not in everything_in(info)
        assert set(item['data_samples'].all_keys()) == {'gt_label', 'video_name', 'duration_second', 'fps',
                                                        'feature_frame', 'clock'}


class SecretTimes(dict):
    """An annotation whose time must not be read."""

    def __getitem__(self, key: str) -> object:
        assert key == 'label'
        return super().__getitem__(key)

    def get(self, key: str, default: object = None) -> object:
        return self[key]

    __iter__ = keys = values = items = None


def test_building_a_training_dataset_reads_no_segment_time(tiny, monkeypatch) -> None:
    database = {video: entry | dict(annotations=[SecretTimes(annotation) for annotation in entry['annotations']])
                for video, entry in tiny.content['database'].items()}
    read = Annotations(database, tuple(tiny.content['classes']), tiny.content['feature'])
    monkeypatch.setitem(LAYOUTS, 'plugin', DataLayout('plugin', '', lambda path: read))
    dataset = DATASETS.build(tiny.config())
    assert dataset.video_labels()[0] == [0, 1] and len(dataset) == 8
    with pytest.raises(AssertionError):
        DATASETS.build(tiny.config('test'))


def test_a_file_without_segments_gives_the_same_training_items(tiny) -> None:
    with_segments = DATASETS.build(tiny.config())
    for entry in tiny.content['database'].values():
        entry['labels'] = sorted({annotation['label'] for annotation in entry.pop('annotations')})
    tiny.save()
    without = DATASETS.build(tiny.config())
    for index in range(len(with_segments)):
        assert everything_in(with_segments[index]['data_samples'].to_dict()) == everything_in(
            without[index]['data_samples'].to_dict())


def test_real_basnet_annotations_are_read_as_they_are(shared_data, tmp_path) -> None:
    source = shared_data / 'thumos14' / 'basnet' / 'gt.json'
    database = json.loads(source.read_text())['database']
    for video, entry in database.items():
        last = max((float(annotation['segment'][1]) for annotation in entry['annotations']), default=10.0)
        np.save(tmp_path / f'{video}.npy', np.zeros((int(last / 0.64) + 2, 2), np.float16))
    classes = sorted({annotation['label'] for entry in database.values() for annotation in entry['annotations']})
    config = dict(type='UntrimmedFeatureDataset', ann_file=str(source), data_prefix=dict(rgb=str(tmp_path)),
                  metainfo=dict(classes=classes), recipe=dict(fps=25, snippet_stride=16),
                  pipeline=[dict(type='LoadSnippets'), dict(type='PackUntrimmedInputs')])
    train = DATASETS.build(config | dict(subset='train'))
    test = DATASETS.build(config | dict(subset='test', test_mode=True))
    instances = sum(len(test.get_data_info(index)['annotations']) for index in range(len(test)))
    assert (len(classes), len(train), len(test), instances) == (20, 200, 210, 3311)


def test_real_activitynet_annotations_are_read_as_they_are(shared_data) -> None:
    from rpn_plugin.datasets import AnnotationFile
    path = shared_data / 'activitynet12' / 'activity_net.v1-2.min-missing-removed.json'
    database = json.loads(path.read_text())['database']
    classes = sorted({annotation['label'] for entry in database.values() for annotation in entry['annotations']})
    annotations = AnnotationFile.read(path, classes)
    assert len(classes) == 100
    for subset, number in (('training', 4441), ('validation', 2198)):
        videos = annotations.subset(subset)
        assert len(videos) == number
        assert all(annotations.video_labels(video) for video in videos)


def private_mib() -> float:
    """Memory that this process shares with no other."""
    lines = Path('/proc/self/smaps_rollup').read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith('Private_')) / 1024


@pytest.mark.skipif(not Path('/proc/self/smaps_rollup').exists(), reason='needs Linux to measure shared memory')
def test_workers_share_the_cache_instead_of_copying_it(tiny) -> None:
    for index in range(8):
        for stream in ('rgb', 'flow'):
            tiny.write_features(stream, f'train_{index}', np.ones((1000, 1024), np.float32))
        tiny.content['database'][f'train_{index}']['duration'] = 640.0
    tiny.save()
    dataset = DATASETS.build(tiny.config(cache_gib=1))

    def grown_in_a_worker(copy: bool) -> float:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            before, kept = private_mib(), []
            for index in range(8):
                for array in dataset.get_data_info(index)['features'].values():
                    assert not isinstance(array, np.memmap) and array.max() == 1
                    kept.append(array.copy() if copy else array)
            os.write(writer, str(private_mib() - before).encode())
            os._exit(0)
        os.waitpid(child, 0)
        return float(os.read(reader, 100))

    assert grown_in_a_worker(copy=False) < 6 < 55 < grown_in_a_worker(copy=True)
