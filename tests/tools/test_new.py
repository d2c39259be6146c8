"""From a folder of features and labels to a config in one step."""
from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import published
import pytest
from made_recognizers import RECOGNIZER
from made_videos import write_video
from mmaction.registry import DATASETS
from mmengine.config import Config
from tool_runner import run_tool

from rpn_plugin.analysis.held_out import HeldOutSets
from rpn_plugin.datasets.conversion import Conversion, convert

VIDEOS = published.made_videos()
READ_OFF = ('data_root', 'dataset', 'num_classes', 'widths', 'streams', 'in_channels')
"""Keys by which ``rpn_custom`` passes on what it reads off the data."""


@pytest.fixture(autouse=True)
def _inside(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)


def new(*arguments: object, status: int = 0) -> str:
    ended, printed, errors = run_tool('data/new.py', *arguments)
    assert ended == status, errors
    return errors if status else printed


@pytest.fixture
def own(tmp_path) -> Path:
    """A folder ``mine`` of features, and ``labels.csv`` beside it."""
    release = published.write_label_table(tmp_path / 'mine', VIDEOS)
    return release.annotations.rename(tmp_path / 'labels.csv')


def test_the_written_config_is_rpn_custom_with_the_data_stated(own, tmp_path, monkeypatch, repository) -> None:
    printed = new('mine', own, '--recipe', 'fps=25', 'stride=16')
    assert 'No test video has segments: no mAP can be computed' in printed
    written = Config.fromfile('data/mine/mine.py').to_dict()
    monkeypatch.setenv('RPN_CUSTOM_ROOT', str(tmp_path / 'data' / 'mine'))
    read = Config.fromfile(repository / 'configs' / 'rpn_custom.py').to_dict()
    unscored = ('test_dataloader', 'test_evaluator', 'test_cfg')
    assert [written[key] for key in unscored] == [None] * 3
    assert written['train_dataloader']['dataset']['data_root'] == str(tmp_path / 'data' / 'mine')
    assert written.keys() == read.keys() - {*READ_OFF} | {'dataset'}
    assert all(written[key] == read[key] for key in written.keys() - {'dataset', *unscored})
    text = Path('data/mine/mine.py').read_text()
    assert 'in_channels=8' in text and 'num_classes=3' in text
    assert '# Streams: rgb (D = 4), flow (D = 4); one feature per 16 frames at 25 fps (0.64 s)' in text


def test_a_config_goes_with_its_folder(own, tmp_path) -> None:
    new('mine', own, '--recipe', 'fps=25', 'stride=16')
    shutil.move('data/mine', 'elsewhere')
    assert Config.fromfile('elsewhere/mine.py').train_dataloader.dataset.data_root == str(tmp_path / 'elsewhere')


def test_a_quote_in_a_path_is_no_end_of_a_name(own, tmp_path) -> None:
    new('mine', own, '--recipe', 'fps=25', 'stride=16', '--out', "anna's")
    assert Config.fromfile("anna's/anna_s.py").train_dataloader.dataset.data_root == str(tmp_path / "anna's")


def test_the_last_lines_are_commands_for_a_shell(own) -> None:
    printed = new('mine', own, '--recipe', 'fps=25', 'stride=16', '--out', 'my data')
    lines = printed[printed.index('Go on with:'):].splitlines()[1:]
    assert [Path(line.split()[1]).name for line in lines] == ['check_dataset.py', 'train.py', 'localize.py']
    assert all("'my data/my_data.py'" in line for line in lines)
    assert "'my data/features' --config" in lines[2]
    assert '$(cat work_dirs/my_data/last_checkpoint) --out work_dirs/my_data/localized' in lines[2]


@pytest.mark.parametrize('name', sorted({*published.WRITERS} - {'label_table'}))
def test_every_layout_converts_as_when_all_is_said(tmp_path, name) -> None:
    width = 1024 if name in ('wtalc', 'actionformer') else 4
    videos = published.made_videos(3, 2, width)
    release = published.WRITERS[name](tmp_path / 'source', videos)
    if name == 'mmaction2':  # nothing says that one file holds two streams
        release.features, release.columns = dict(rgb=release.features['rgb']), None
    convert(Conversion(name, str(release.annotations), release.features, release.subsets, release.recipe,
                       release.columns), tmp_path / 'said')
    place = Path(release.features['rgb'].split('{')[0])
    folder = place.parents[1] if name == 'activitynet' else place
    recipe = [f'{key}={release.recipe[given]}' for key, given in (('fps', 'fps'), ('stride', 'snippet_stride'))
              ] if release.recipe else []
    printed = new(folder, release.annotations, '--out', 'found', *(['--recipe', *recipe] if recipe else []))
    assert f'layout {name}; train: 3 videos, test: 2 videos' in printed
    assert 'test.py' in printed.splitlines()[-2] and 'no mAP' not in printed
    said, found = (json.loads((tmp_path / place / 'annotations.json').read_text()) for place in ('said', 'found'))
    assert found['database'] == said['database'] and found['classes'] == said['classes']
    for path in (tmp_path / 'said' / 'features').rglob('*.npy'):
        np.testing.assert_array_equal(np.load(path), np.load(tmp_path / 'found' / path.relative_to(tmp_path / 'said')))
    config = Config.fromfile('found/found.py')
    assert config.test_dataloader.dataset.subset == 'test' and config.test_evaluator.type == 'WTALMetric'


def test_a_second_time_nothing_is_lost(own) -> None:
    words = ('mine', own, '--recipe', 'fps=25', 'stride=16')
    new(*words)
    assert '0 feature files written, 16 were there already' in new(*words)
    config = Path('data/mine/mine.py')
    written = config.read_text()
    config.write_text(written + 'train_cfg = dict(max_epochs=3)\n')
    assert 'mine.py: somebody changed it since it was written' in new(*words, status=1)
    assert config.read_text() == written + 'train_cfg = dict(max_epochs=3)\n'
    new(*words, '--overwrite')
    assert config.read_text() == written
    own.write_text(own.read_text() + 'video_extra,train,9.6,Swimming\n')
    assert 'video_extra.pt: missing' in new(*words, status=1)
    printed = new(*words, '--missing', 'skip', '--overwrite')
    assert 'left out: video_extra' in printed and 'the classes are not those of the last conversion' in printed


def test_videos_without_labels_are_named_and_stay_where_they_are(own) -> None:
    own.write_text('\n'.join(own.read_text().splitlines()[:-1]) + '\n')
    printed = new('mine', own, '--recipe', 'fps=25', 'stride=16')
    assert f'not converted: 1 videos have features and no label ({VIDEOS[-1].name})' in printed


@pytest.fixture
def videos(tmp_path) -> list[object]:
    """Words for a folder of two labelled videos and one that is not, and for a small recognizer."""
    for number in range(3):
        write_video(tmp_path / 'clips' / f'holiday {number}.mp4', 40)
    (tmp_path / 'labels.csv').write_text('Filename;Label\nholiday 0.mp4;Diving\nholiday 1.mp4;Saut\n')
    (tmp_path / 'tsn.py').write_text(RECOGNIZER)
    return ['clips', 'labels.csv', '--config', 'tsn.py']


def test_videos_become_features_first_and_a_dry_run_says_so_everywhere(videos) -> None:
    printed = new(*videos, '--random-weights')
    assert 'left out: 1 videos without a label (holiday 2)' in printed and 'holiday 1.mp4: written' in printed
    assert 'one feature per 16 frames at 25 fps (0.64 s)' in printed and 'as the features say' in printed
    note = 'DRY RUN: the features rgb come from random weights, so no result of them means anything.'
    assert f'note: {note}' in printed and f'# {note}' in Path('data/clips/clips.py').read_text()
    assert json.loads(Path('data/clips/annotations.json').read_text())['note'] == note
    dataset = DATASETS.build(Config.fromfile('data/clips/clips.py').train_dataloader.dataset)
    assert len(dataset) == 2 and dataset.metainfo['random_features'] == ['rgb']
    assert dataset[0]['inputs']['rgb'].shape == (2, 512)
    assert 'holiday 1.mp4: done already' in new(*videos, '--random-weights')
    text = Path('labels.csv').read_text() + 'holiday 2.mp4;Saut\n'
    Path('labels.csv').write_text(text)
    assert 'holiday 2.mp4: written' in new(*videos, '--random-weights')


@pytest.mark.parametrize('words, message', [
    ([], 'clips: holds videos and no features of them; say what makes features of videos: --recognizer NAME, or'),
    (['--random-weights', '--recipe', 'fps=video', 'stride=16'], '--recipe expects fps and stride as numbers'),
    (['--config', 'tsn.py'], 'say what makes features'), (['--recognizer', 'TSM1'], 'No recognizer TSM1 in the model'),
    (['--config', 'tsn.py', '--random-weights', '--checkpoint', 'tsn.pth'], 'say what makes features')])
def test_what_makes_the_features_of_videos_is_asked_before_anything_is_written(videos, words, message) -> None:
    errors = new(*videos[:2], *words, status=1)
    assert len(errors.strip().splitlines()) == 1 and message in errors
    assert not Path('data').exists()


def test_videos_that_lack_are_named_before_hours_of_extraction(videos) -> None:
    Path('clips/holiday 1.mp4').unlink()
    assert '1 of 2 videos are not in clips: holiday 1. Correct the names' in new(*videos, '--random-weights', status=1)


@pytest.mark.parametrize('words, message', [
    (['mine', 'labels.csv'], r'error: labels.csv: neither it nor .* tell 0.64 s per snippet .*25 fps / stride 16'),
    (['mine', 'absent.csv'], 'error: No labels absent.csv'), (['absent', 'labels.csv'], 'error: No folder absent'),
    (['empty', 'labels.csv'], r'error: empty: no features of the 8 labelled videos \(video_.*, .* and 5 more\). '
                              r'Expected files such as video_validation_0000000.npy .*; found nothing'),
    (['mine', 'labels.csv', '--random-weights'], 'mine: holds features of the labelled videos .*Leave out what would'),
    (['mine', 'labels.csv', '--subsets', 'train=tarin'], r"has no subset \['tarin'\]"),
    (['mine', 'labels.csv', '--recipe', 'fps=25', 'stride=16', '--out', 'mine'], 'was not made by a conversion')])
def test_a_mistake_is_answered_in_one_line(own, words, message) -> None:
    Path('empty').mkdir()
    errors = new(*words, status=1)
    assert len(errors.strip().splitlines()) == 1
    assert re.search(message, errors), errors


def test_what_needs_test_videos_says_that_the_config_has_none(own) -> None:
    new('mine', own, '--recipe', 'fps=25', 'stride=16')
    config = 'data/mine/mine.py'
    status, _, errors = run_tool('analysis/visualize.py', config, 'epoch_1.pth')
    assert status == 1 and 'mine.py: has no test videos (test_dataloader) to look at' in errors
    with pytest.raises(ValueError, match='but it is None: its data have no segments to score against'):
        HeldOutSets((Path('fold_0'), ), ()).config(Config.fromfile(config), 0)
