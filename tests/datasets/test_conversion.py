"""Every public layout becomes the plugin's own, exactly; and reads in place as what it becomes."""
from __future__ import annotations

import json
import os
import runpy
import signal
import tracemalloc
from pathlib import Path

import numpy as np
import published
import pytest
from mmaction.registry import DATASETS

from rpn_plugin.datasets.conversion import Conversion, convert
from rpn_plugin.datasets.feature_stores import open_store
from rpn_plugin.datasets.formats import LAYOUTS
from rpn_plugin.datasets.sidecars import Sidecar, sidecar_path

pytestmark = pytest.mark.smoke

VIDEOS = published.made_videos()
SHARED_CLASSES = list(published.CLASSES)


def job(name: str, release: published.Release, **changes: object) -> Conversion:
    return Conversion(name, str(release.annotations), **dict(
        features=release.features, subsets=release.subsets, recipe=release.recipe, columns=release.columns) | changes)


def dataset(root: Path, subset: str, **changes: object):
    return DATASETS.build(dict(
        type='UntrimmedFeatureDataset', ann_file=str(root / 'annotations.json'), subset=subset,
        data_prefix={stream: str(root / 'features' / stream) for stream in ('rgb', 'flow')}, test_mode=True,
        pipeline=[dict(type='LoadSnippets'), dict(type='PackUntrimmedInputs')]) | changes)


@pytest.mark.parametrize('name', published.WRITERS)
def test_features_and_annotations_survive_exactly(tmp_path, name) -> None:
    release = published.WRITERS[name](tmp_path / 'source', VIDEOS)
    result = convert(job(name, release), tmp_path / 'out')
    assert (result.written, result.kept, result.skipped) == (2 * len(VIDEOS), 0, [])
    for subset in ('train', 'test'):
        videos = [video for video in VIDEOS if video.subset == subset]
        converted = dataset(tmp_path / 'out', subset)
        assert converted.metainfo['classes'] == published.CLASSES and len(converted) == len(videos)
        for item, video in zip(converted, videos):
            sample = item['data_samples']
            assert sample.video_name == video.name
            assert [published.CLASSES[label] for label in sample.gt_label] == video.labels
            assert sample.clock.seconds_per_snippet == pytest.approx(0.64)
            assert sample.duration_second == pytest.approx(video.duration, abs=0.005)
            if name != 'label_table':
                assert sorted(map(str, sample.annotations)) == sorted(map(str, (
                    dict(segment=part['segment'], label=part['label']) for part in video.annotations)))
            for stream, array in video.features.items():
                np.testing.assert_array_equal(item['inputs'][stream].numpy(), array)
                assert item['inputs'][stream].numpy().dtype == array.dtype


@pytest.mark.parametrize('name', published.WRITERS)
def test_a_layout_read_in_place_gives_what_its_conversion_gives(tmp_path, name) -> None:
    release = published.WRITERS[name](tmp_path / 'source', VIDEOS)
    convert(job(name, release), tmp_path / 'out')
    for subset in ('train', 'test'):
        place = {stream: where.replace('{subset}', release.subsets[subset])
                 for stream, where in release.features.items()}
        in_place = dataset(tmp_path, release.subsets[subset], ann_file=str(release.annotations), layout=name,
                           data_prefix=place, recipe=release.recipe, columns=release.columns,
                           metainfo=dict(classes=SHARED_CLASSES))
        for one, other in zip(in_place, dataset(tmp_path / 'out', subset), strict=True):
            first, second = one['data_samples'], other['data_samples']
            assert dict(first.metainfo_items()) == dict(second.metainfo_items())
            assert first.gt_label.tolist() == second.gt_label.tolist()
            for stream in ('rgb', 'flow'):
                np.testing.assert_array_equal(one['inputs'][stream], other['inputs'][stream])


@pytest.mark.parametrize('protocol', [2, 3, 4])
def test_memory_is_bounded_by_one_video_where_the_file_allows(tmp_path, protocol) -> None:
    videos = published.made_videos(20, 4, width=1024)
    release = published.write_wtalc(tmp_path / 'source', videos, protocol=protocol)
    total = sum(published.joined(video).nbytes for video in videos)
    largest = max(published.joined(video).nbytes for video in videos)
    peaks = []
    for name in ('out', 'again'):  # what else the process does meanwhile is not counted twice
        tracemalloc.start()
        convert(job('wtalc', release, columns=None), tmp_path / name)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert min(peaks) < 6 * largest + 500_000 < total, (peaks, largest, total)
    for video in videos:
        np.testing.assert_array_equal(np.load(tmp_path / 'out/features/flow' / f'{video.name}.npy'),
                                      video.features['flow'])


def test_an_interrupted_conversion_is_continued(tmp_path) -> None:
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    reached = []

    def interrupted(videos):
        for video in videos:
            if len(reached) == 3:
                raise KeyboardInterrupt
            reached.append(video)
            yield video

    with pytest.raises(KeyboardInterrupt):
        convert(job('basnet', release), tmp_path / 'out', interrupted)
    assert not (tmp_path / 'out' / 'annotations.json').exists()
    result = convert(job('basnet', release), tmp_path / 'out')
    assert (result.written, result.kept) == (2 * len(VIDEOS) - 6, 6)
    assert len(dataset(tmp_path / 'out', 'train')) == 5
    assert convert(job('basnet', release), tmp_path / 'out').written == 0


def test_features_that_changed_under_their_name_are_not_taken_for_done(tmp_path) -> None:
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    convert(job('basnet', release), tmp_path / 'out')
    changed = next(Path(release.features['rgb'].replace('{subset}', 'test')).glob('*.npy'))
    np.save(changed, np.load(changed) + 1)
    with pytest.raises(ValueError, match='does not hold the values of .*, which have changed'):
        convert(job('basnet', release), tmp_path / 'out')


def with_sidecars(release: published.Release, feature: dict, **encoder: object) -> published.Release:
    """Descriptions beside the features of a release in BaS-Net's layout."""
    for stream, place in release.features.items():
        for subset in ('train', 'test'):
            for path in Path(place.replace('{subset}', subset)).glob('*.npy'):
                Sidecar(feature, dict(dict(stream=stream, weights='sha256:1'), **encoder),
                        dict(file=f'{path.stem}.mp4', duration=0.4 * len(np.load(path))), (1, 4), '1').write(
                            sidecar_path(path))
    return release


def test_features_that_describe_themselves_need_no_recipe_and_keep_their_descriptions(tmp_path) -> None:
    release = with_sidecars(published.write_basnet(tmp_path / 'source', VIDEOS), dict(fps=10.0, snippet_stride=4))
    table = tmp_path / 'labels.csv'
    table.write_text('video,duration,label\n' + ''.join(
        f'{video.name},{"" if number else 9.5},{video.labels[0]}\n' for number, video in enumerate(VIDEOS[:3])))
    features = {stream: place.replace('{subset}', 'train') for stream, place in release.features.items()}
    source = Conversion('label_table', str(table), features, dtype='float16')
    result = convert(source, tmp_path / 'out')
    content = json.loads(result.path.read_text())
    assert content['feature'] == dict(fps=10.0, snippet_stride=4)
    assert [entry['duration'] for entry in content['database'].values()] == [
        9.5, *(0.4 * len(video.features['rgb']) for video in VIDEOS[1:3])]
    assert any(remark.endswith('as the features say themselves.') for remark in result.remarks)
    for stream in features:
        assert len(list((tmp_path / 'out/features' / stream).glob('*.json'))) == 3
    assert dataset(tmp_path / 'out', 'train')[0]['data_samples'].clock.seconds_per_snippet == 0.4
    again = convert(source, tmp_path / 'out')
    assert (again.written, again.kept) == (0, 6)


@pytest.mark.parametrize('changes, encoder, message', [
    (dict(recipe=dict(fps=25, snippet_stride=16)), dict(), 'the recipe is said to be one feature per 16 frames .* but '
                                                           'the descriptions beside the features say .* per 4 frames'),
    (dict(), dict(stream='flow'), 'these are features of flow, but the data set reads them as rgb')])
def test_features_that_contradict_what_is_said_of_them_are_not_converted(tmp_path, changes, encoder, message) -> None:
    release = with_sidecars(published.write_basnet(tmp_path / 'source', VIDEOS), dict(fps=10.0, snippet_stride=4),
                            **encoder)
    with pytest.raises(ValueError, match=message):
        convert(job('basnet', release, **changes), tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_overwriting_leaves_what_a_fresh_conversion_would_write(tmp_path) -> None:
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    convert(job('basnet', release), tmp_path / 'out')
    content = json.loads((tmp_path / 'source/gt.json').read_text())
    gone, changed = VIDEOS[0].name, VIDEOS[1].name
    del content['database'][gone]
    (tmp_path / 'source/gt.json').write_text(json.dumps(content))
    (tmp_path / 'source/split_train.txt').unlink()
    place = Path(release.features['rgb'].replace('{subset}', 'train')) / f'{changed}.npy'
    np.save(place, np.load(place) + 1)
    fewer = job('basnet', release, features=dict(rgb=release.features['rgb']))
    with pytest.raises(ValueError, match=r'differs in features. Allow it to be replaced \(--overwrite\)'):
        convert(fewer, tmp_path / 'out')
    result = convert(fewer, tmp_path / 'out', overwrite=True)
    convert(fewer, tmp_path / 'fresh')
    trees = [{str(path.relative_to(tmp_path / name)): path.read_bytes() for path in (tmp_path / name).rglob('*')
              if path.is_file()} for name in ('out', 'fresh')]
    assert trees[0] == trees[1] and not (tmp_path / 'out/features/flow').exists()
    assert result.written == 1 and result.kept == len(VIDEOS) - 2
    assert f'{len(VIDEOS) + 1} files of videos or streams that the source has no longer were removed.' in result.remarks
    with pytest.raises(ValueError, match='exists and was not made by a conversion'):
        convert(fewer, tmp_path / 'source', overwrite=True)


def test_an_interrupted_overwriting_leaves_no_data_set_of_two_halves(tmp_path) -> None:
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    convert(job('basnet', release), tmp_path / 'out')

    def interrupted(videos):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(job('basnet', release, dtype='float16'), tmp_path / 'out', interrupted, overwrite=True)
    assert not (tmp_path / 'out/annotations.json').exists()
    again = convert(job('basnet', release, dtype='float16', classes=SHARED_CLASSES[::-1]), tmp_path / 'out',
                    overwrite=True)
    assert any(remark.startswith('the classes are not those of the last conversion') for remark in again.remarks)
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        'annotations.json', 'conversion.json', 'features']


def test_converting_again_says_what_the_source_has_changed(tmp_path) -> None:
    for name in 'abc':
        (tmp_path / 'rgb').mkdir(exist_ok=True)
        np.save(tmp_path / 'rgb' / f'{name}.npy', np.ones((5, 2), np.float32))
    table = tmp_path / 'labels.csv'
    source = Conversion('label_table', str(table), dict(rgb=str(tmp_path / 'rgb')),
                        recipe=dict(fps=25, snippet_stride=16))
    table.write_text('a,Diving\nb,Saut\n')
    convert(source, tmp_path / 'out')
    table.write_text('a,Saut\nc,HighJump\n')
    remarks = convert(source, tmp_path / 'out').remarks
    assert 'since the last conversion videos were added: 1, removed: 1, changed: 1.' in remarks
    assert any(remark.startswith('the classes are not those of the last conversion') for remark in remarks)
    assert any(remark.startswith('1 files below') and 'features/rgb/b.npy; --overwrite' in remark for remark in remarks)
    assert (tmp_path / 'out/features/rgb/b.npy').is_file()
    assert convert(source, tmp_path / 'out', overwrite=True).written == 0
    assert not (tmp_path / 'out/features/rgb/b.npy').exists()


def test_annotations_that_somebody_changed_are_replaced_only_on_request(tmp_path) -> None:
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    path = convert(job('basnet', release), tmp_path / 'out').path
    untouched = path.read_text()
    path.write_text(untouched.replace('Diving', 'Jumping'))
    with pytest.raises(ValueError, match='annotations.json: somebody changed it since it was written. Keep a copy'):
        convert(job('basnet', release), tmp_path / 'out')
    convert(job('basnet', release), tmp_path / 'out', overwrite=True)
    assert path.read_text() == untouched


def test_class_names_that_every_data_set_would_refuse_are_refused_by_the_converter(tmp_path) -> None:
    content = dict(database={video: dict(subset='train', annotations=[dict(label=label, segment=[0, 1])])
                             for video, label in (('a', 'Diving'), ('b', 'diving'))})
    (tmp_path / 'a.json').write_text(json.dumps(content))
    source = Conversion('activitynet', str(tmp_path / 'a.json'), recipe=dict(fps=25, snippet_stride=16))
    with pytest.raises(ValueError, match=r"differ in more than case.*, but got \['Diving', 'diving'\]"):
        convert(source, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_killed_conversion_leaves_no_partial_feature_file(tmp_path) -> None:
    """Killed while it writes its fourth file."""
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    child = os.fork()
    if child == 0:
        saved = []

        def save_half(path, array):
            saved.append(path)
            with open(path, 'wb') as file:
                np.lib.format.write_array(file, array[:len(array) // 2 if len(saved) == 4 else None])
            if len(saved) == 4:
                os.kill(os.getpid(), signal.SIGKILL)

        np.save = save_half
        convert(job('basnet', release), tmp_path / 'out')
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    result = convert(job('basnet', release), tmp_path / 'out')
    assert (result.written, result.kept) == (2 * len(VIDEOS) - 3, 3)
    for video in VIDEOS:
        for stream in video.features:
            np.testing.assert_array_equal(np.load(tmp_path / 'out/features' / stream / f'{video.name}.npy'),
                                          video.features[stream])


def test_two_conversions_never_share_a_folder(tmp_path) -> None:
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    convert(job('basnet', release), tmp_path / 'out')
    with pytest.raises(ValueError, match='out: holds another conversion, which differs in dtype'):
        convert(job('basnet', release, dtype='float16'), tmp_path / 'out')
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'precious.txt').write_text('x')
    with pytest.raises(ValueError, match='mine: exists and was not made by a conversion'):
        convert(job('basnet', release), tmp_path / 'mine')
    assert [path.name for path in (tmp_path / 'mine').iterdir()] == ['precious.txt']


def test_videos_without_features_are_listed_and_left_out_only_on_request(tmp_path) -> None:
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    gone, cut = VIDEOS[0].name, VIDEOS[-1].name
    (tmp_path / 'source/features/train/rgb' / f'{gone}.npy').unlink()
    (tmp_path / 'source/features/test/flow' / f'{cut}.npy').write_bytes(b'short')
    with pytest.raises(ValueError, match='2 of 8 videos have missing or unreadable') as error:
        convert(job('basnet', release), tmp_path / 'out')
    assert f'{gone}.npy: missing' in str(error.value) and f'{cut}.npy: unreadable' in str(error.value)
    assert not (tmp_path / 'out').exists()
    result = convert(job('basnet', release, missing='skip'), tmp_path / 'out')
    assert len(result.skipped) == 2 and gone in result.skipped[0] and cut in result.skipped[1]
    assert {*json.loads(result.path.read_text())['database']} == {video.name for video in VIDEOS} - {gone, cut}


def test_float16_halves_the_files_and_refuses_what_it_cannot_hold(tmp_path) -> None:
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    convert(job('basnet', release, dtype='float16'), tmp_path / 'out')
    small = np.load(tmp_path / 'out/features/rgb' / f'{VIDEOS[0].name}.npy')
    np.testing.assert_array_equal(small, VIDEOS[0].features['rgb'].astype(np.float16))
    np.save(tmp_path / 'source/features/train/rgb' / f'{VIDEOS[0].name}.npy', np.full((9, 4), 1e5, np.float32))
    with pytest.raises(ValueError, match=f'{VIDEOS[0].name}.npy: has values up to 100000, too large for float16'):
        convert(job('basnet', release, dtype='float16'), tmp_path / 'other')


def test_annotations_without_features_need_no_recipe(tmp_path) -> None:
    release = published.write_thumos14(tmp_path / 'source', VIDEOS)
    content = json.loads(convert(job('thumos14', release, features={}, recipe=None), tmp_path / 'out').path.read_text())
    assert 'feature' not in content and {*content['database']} == {video.name for video in VIDEOS}


def test_nan_is_refused_with_its_place(tmp_path) -> None:
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    broken = VIDEOS[1].features['rgb'].copy()
    broken[3, 2] = np.nan
    np.save(tmp_path / 'source/features/train/rgb' / f'{VIDEOS[1].name}.npy', broken)
    with pytest.raises(ValueError, match=f'{VIDEOS[1].name}.npy: 1 values are not finite.*snippet 3, channel 2'):
        convert(job('basnet', release), tmp_path / 'out')
    assert not (tmp_path / 'out' / 'annotations.json').exists()


@pytest.mark.parametrize('changes, message', [
    (dict(subsets=dict(train='training')), r"has no subset \['training'\]; it has \['test', 'validation'\]"),
    (dict(recipe=None), 'neither it nor its layout says when each feature was seen'),
    (dict(classes=['Diving']), r"has the labels \['CliffDiving', 'HighJump'\], which are not among"),
    (dict(dtype='int8'), "but got 'int8'"),
    (dict(features=dict(rgb='nowhere')), 'nowhere.*missing'),
    (dict(subsets=dict(one='test', two='test')), 'can be converted once'),
])
def test_a_wrong_wish_is_answered(tmp_path, changes, message) -> None:
    release = published.write_thumos14(tmp_path / 'source', VIDEOS)
    with pytest.raises(ValueError, match=message):
        convert(job('thumos14', release, **changes), tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_subsets_classes_and_recipe_are_what_was_asked_for(tmp_path) -> None:
    release = published.write_activitynet(tmp_path / 'source', VIDEOS)
    classes = ['HighJump', 'Diving', 'CliffDiving']
    result = convert(job('activitynet', release, subsets=dict(train='training'), classes=classes,
                         recipe=dict(fps=30, snippet_stride=8, window=64)), tmp_path / 'out')
    content = json.loads(result.path.read_text())
    assert content['classes'] == classes and content['feature'] == dict(fps=30, snippet_stride=8, window=64)
    assert {entry['subset'] for entry in content['database'].values()} == {'train'}
    assert 'withheld' not in content['database'] and len(content['database']) == 5


def test_ambiguous_intervals_reach_the_evaluator(tmp_path) -> None:
    from rpn_plugin.evaluation import GroundTruth
    release = published.write_thumos14(tmp_path / 'source', VIDEOS)
    result = convert(job('thumos14', release), tmp_path / 'out')
    read = GroundTruth.read(result.path).ambiguous
    assert {video: intervals.tolist() for video, intervals in read.items()} == {
        VIDEOS[0].name: [[0.0, 0.5]], VIDEOS[5].name: [[0.0, 0.5]]}


def test_hdf5_of_all_videos_and_of_one_each(tmp_path) -> None:
    h5py = pytest.importorskip('h5py', reason='the optional package h5py is not installed')
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    with h5py.File(tmp_path / 'all.h5', 'w') as file:
        for video in VIDEOS:
            for stream, array in video.features.items():
                file[f'{video.name}/{stream}'] = array
    (tmp_path / 'each').mkdir()
    for video in VIDEOS:
        with h5py.File(tmp_path / 'each' / f'{video.name}.h5', 'w') as file:
            file['features'] = video.features['rgb']
    result = convert(job('basnet', release, features=dict(rgb=str(tmp_path / 'each'), flow=str(tmp_path / 'all.h5'))),
                     tmp_path / 'out')
    for video in VIDEOS:
        for stream, array in video.features.items():
            written = np.load(result.path.parent / 'features' / stream / f'{video.name}.npy')
            np.testing.assert_array_equal(written, array)


def test_the_published_annotations_convert_and_read_back_unchanged(tmp_path, shared_data) -> None:
    thumos = shared_data / 'thumos14'
    anet = shared_data / 'activitynet12' / 'activity_net.v1-2.min-missing-removed.json'
    for name, path, recipe in (('wtalc', thumos / 'wtalc/Thumos14reduced-Annotations', None),
                               ('basnet', thumos / 'basnet', None),
                               ('thumos14', thumos / 'official', dict(fps=25, snippet_stride=16)),
                               ('activitynet', anet, dict(fps=25, snippet_stride=16))):
        source = LAYOUTS[name].read(path)
        result = convert(Conversion(name, str(path), recipe=recipe), tmp_path / name)
        back = LAYOUTS['plugin'].read(result.path)
        assert json.loads(json.dumps(source.database)) == back.database
        assert back.classes and (source.classes is None or source.classes == back.classes)
        assert {video: intervals for video, intervals in source.ambiguous.items()
                if video in source.database} == back.ambiguous


@pytest.mark.parametrize('words, message', [
    (['--recipe', 'fps=25', 'step=16'], '--recipe knows fps, stride'),
    (['--recipe', 'fps=fast', 'stride=16'], '--recipe expects numbers'),
    (['--features', 'rgb'], '--features expects name=value'),
    (['--subsets', 'train=nothing'], "has no subset ['nothing']"),
])
def test_the_tool_answers_wrong_words_and_writes_nothing(tmp_path, repository, monkeypatch, capsys, words,
                                                         message) -> None:
    release = published.write_basnet(tmp_path / 'source', VIDEOS)
    monkeypatch.syspath_prepend(str(repository / 'tools' / 'data'))
    monkeypatch.setattr('sys.argv', ['convert.py', 'basnet', str(release.annotations), '--out', str(tmp_path / 'out'),
                                     *words])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(repository / 'tools' / 'data' / 'convert.py'), run_name='__main__')
    assert stopped.value.code != 0
    assert message in f'{stopped.value.code} {capsys.readouterr().err}'
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('video', ['../../../../x', '/abs/x', 'a/../../b', 'x' * 300])
def test_a_name_from_the_source_never_leads_out_of_the_folder(video: str, tmp_path: Path) -> None:
    source = tmp_path / 'source' / 'annotations.json'
    source.parent.mkdir()
    source.write_text(json.dumps(dict(classes=['A'], feature=dict(fps=25, snippet_stride=16), database={
        video: dict(subset='train', labels=['A'])})))
    with pytest.raises(ValueError, match='1 videos have names that cannot name files'):
        convert(Conversion('plugin', str(source), dict(rgb=str(tmp_path))), tmp_path / 'deep' / 'out')
    assert not (tmp_path / 'deep').exists()


def test_a_name_never_reads_features_out_of_their_folder(tmp_path: Path) -> None:
    (tmp_path / 'features').mkdir()
    for place in (tmp_path / 'x.npy', tmp_path / 'features' / 'x.npy'):
        np.save(place, np.zeros((2, 2), dtype=np.float32))
    with pytest.raises(ValueError, match='cannot name a file in'):
        open_store(str(tmp_path / 'features'), 'rgb', []).open('../x')
