"""Every layout gives the same videos, and says what is wrong with its files."""
from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import published
import pytest

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.conversion import Conversion, convert
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.formats import LAYOUTS, Annotations, DataLayout, get_layout

VIDEOS = published.made_videos()


@pytest.mark.parametrize('name', published.WRITERS)
def test_every_layout_gives_the_segments_labels_and_subsets_that_were_written(tmp_path, name) -> None:
    release = published.WRITERS[name](tmp_path / name, VIDEOS)
    read = LAYOUTS[name].read(release.annotations)
    assert read.classes in (None, published.CLASSES)
    for video in VIDEOS:
        entry = read.database[video.name]
        assert entry['subset'] == release.subsets[video.subset]
        if name == 'label_table':
            assert entry['labels'] == video.labels and entry['duration'] == pytest.approx(video.duration, abs=0.005)
            continue
        pairs = [sorted((part['label'], *part['segment']) for part in parts)
                 for parts in (entry['annotations'], video.annotations)]
        assert pairs[0] == pairs[1]
        if 'duration' in entry:
            assert entry['duration'] == pytest.approx(video.duration)
    assert {*read.database} - {video.name for video in VIDEOS} <= {'withheld'}


def test_the_real_annotations_hold_what_the_literature_counts(shared_data) -> None:
    thumos = shared_data / 'thumos14'

    def counts(name: str, path: Path) -> dict[str, tuple[int, int]]:
        database = LAYOUTS[name].read(path).database
        videos = Counter(entry['subset'] for entry in database.values())
        return {subset: (number, sum(len(entry['annotations']) for entry in database.values()
                                     if entry['subset'] == subset)) for subset, number in videos.items()}

    assert counts('wtalc', thumos / 'wtalc' / 'Thumos14reduced-Annotations') == {
        'validation': (200, 3007), 'test': (212, 3358)}
    assert counts('thumos14', thumos / 'official') == {'validation': (200, 3007), 'test': (213, 3358)}
    assert counts('basnet', thumos / 'basnet') == {'train': (200, 3007), 'test': (210, 3311)}
    anet = shared_data / 'activitynet12' / 'activity_net.v1-2.min-missing-removed.json'
    assert counts('activitynet', anet) == {'training': (4441, 6588), 'validation': (2198, 3281), 'testing': (2268, 0)}


def test_the_three_releases_of_thumos14_agree_on_every_instance(shared_data) -> None:
    thumos = shared_data / 'thumos14'
    read = {name: LAYOUTS[name].read(thumos / path) for name, path in (
        ('wtalc', 'wtalc/Thumos14reduced-Annotations'), ('basnet', 'basnet'), ('thumos14', 'official'))}

    def instances(name: str, video: str) -> list:
        return sorted((part['label'], *(round(border, 1) for border in part['segment']))
                      for part in read[name].database[video]['annotations'])

    for name in ('wtalc', 'basnet'):
        for video in read[name].database:
            assert instances(name, video) == instances('thumos14', video), (name, video)
    assert read['wtalc'].classes == read['thumos14'].classes and len(read['wtalc'].classes) == 20


def test_wtalc_says_what_is_known_to_be_odd_and_keeps_ambiguous_intervals(shared_data) -> None:
    read = LAYOUTS['wtalc'].read(shared_data / 'thumos14' / 'wtalc' / 'Thumos14reduced-Annotations')
    rate, labels = read.remarks
    assert 'extracted_fps.npy says 10 fps' in rate and 'one per 16 frames at 25 fps' in rate
    assert 'for 28 videos' in labels and 'video_test_0000270' in labels
    assert read.database['video_test_0000270']['labels'] == []
    assert read.database['video_validation_0000665']['labels'] == ['PoleVault']
    assert read.ambiguous['video_test_0000278'][0] == [0.0, 1.4]


def edit_json(path: Path, change: object) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


FAULTS = {
    'a column is missing': ('wtalc', lambda root: (root / 'Thumos14reduced-Annotations/labels.npy').unlink(),
                            r'labels\.npy missing'),
    'a column is short': ('wtalc', lambda root: np.save(root / 'Thumos14reduced-Annotations/subset.npy',
                                                        np.array([b'test'])), r'subset\.npy: has 1 entries.*has 8'),
    'labels and segments differ in number': (
        'wtalc', lambda root: published.write_object_array(root / 'Thumos14reduced-Annotations/labels.npy',
                                                           [[b'Diving']] * 8),
        r'video_validation_0000000 has 1 labels in labels\.npy, but 2 segments'),
    'a video comes twice': ('wtalc', lambda root: np.save(root / 'Thumos14reduced-Annotations/videoname.npy',
                                                          np.array([b'x'] * 8)), r"\['x'\] are there more than once"),
    'a border is a word': ('basnet', lambda root: edit_json(
        root / 'gt.json', lambda content: content['database']['video_test_0000005']['annotations'][0].update(
            segment=['1.0', 'end'])), r"gt\.json: video video_test_0000005 .*'end'.*expected"),
    'a listed video is unknown': ('basnet', lambda root: (root / 'split_test.txt').write_text('nobody\n'),
                                  r"split_test\.txt: lists the videos \['nobody'\]"),
    'a line of three words is cut': (
        'thumos14', lambda root: (root / 'thumos14-val-annotations/Diving_val.txt').write_text('video 1.0\n'),
        r"Diving_val\.txt: line 1 is 'video 1\.0'; expected"),
    'a class lacks its file': ('thumos14', lambda root: (root / 'thumos14-test-annotations/Diving_test.txt').unlink(),
                               r'no file Diving_test\.txt'),
    'one class has two ids': ('actionformer', lambda root: edit_json(
        root / 'thumos14.json', lambda content: content['database']['video_test_0000005']['annotations'][0].update(
            label_id=77)), r'video_test_0000005 gives class .* the label_id 77'),
    'two classes have one id': ('actionformer', lambda root: edit_json(
        root / 'thumos14.json', lambda content: [part.update(label_id=0) for entry in content['database'].values()
                                                 for part in entry['annotations']]), r'label_id 0 names both'),
    'an id is missing': ('actionformer', lambda root: edit_json(
        root / 'thumos14.json', lambda content: content['database']['video_test_0000005']['annotations'][0].pop(
            'label_id')), r"those of \['video_test_0000005'\] have none"),
    'a label is not in the taxonomy': ('activitynet', lambda root: edit_json(
        root / 'activity_net.v1-2.min.json', lambda content: content['database']['video_test_0000005'][
            'annotations'][0].update(label='Swimming')), r"no leaves named \['Swimming'\]"),
    'no duration': ('mmaction2', lambda root: edit_json(
        root / 'anet_anno_val.json', lambda content: content['video_test_0000005'].pop('duration_second')),
        r'anet_anno_val\.json: video video_test_0000005 .*duration_second'),
    'a video in two subsets': ('mmaction2', lambda root: edit_json(
        root / 'anet_anno_val.json', lambda content: content.update(
            json.loads((root / 'anet_anno_train.json').read_text()))), r"is in subset 'train' already"),
    'a line without label': ('label_table', lambda root: (root / 'labels.csv').write_text('a,Diving\nb,\n'),
                             r'labels\.csv: line 2, video b, has no label'),
    'a video twice': ('label_table', lambda root: (root / 'labels.csv').write_text('a,Diving\na,HighJump\n'),
                      r"line 2 names the video 'a'; expected one line"),
    'a duration that is none': ('label_table', lambda root: (root / 'labels.csv').write_text(
        'video,duration,label\na,long,Diving\n'), r"line 2, video a, has the duration 'long'"),
    'an empty table': ('label_table', lambda root: (root / 'labels.csv').write_text('\n'), r'no line "video,label'),
}


@pytest.mark.parametrize('fault', FAULTS)
def test_a_fault_is_named_with_file_video_and_value(tmp_path, fault) -> None:
    name, plant, message = FAULTS[fault]
    release = published.WRITERS[name](tmp_path, VIDEOS)
    LAYOUTS[name].read(release.annotations)
    plant(tmp_path)
    with pytest.raises(ValueError, match=message):
        LAYOUTS[name].read(release.annotations)


@pytest.mark.parametrize('name', sorted(set(LAYOUTS) - {'plugin'}))
def test_a_folder_or_file_of_something_else_is_refused(tmp_path, name) -> None:
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'file.json').write_text('[]')
    for path in (tmp_path / 'folder', tmp_path / 'file.json'):
        with pytest.raises((ValueError, OSError)) as error:
            LAYOUTS[name].read(path)
        assert str(path) in str(error.value) or name == 'label_table'


def test_a_table_without_a_header_holds_training_videos_and_labels(tmp_path) -> None:
    (tmp_path / 'labels.csv').write_text('one,Diving,CliffDiving\n\n two , HighJump ,\n')
    read = LAYOUTS['label_table'].read(tmp_path / 'labels.csv')
    assert {video: (entry['subset'], entry['labels']) for video, entry in read.database.items()} == {
        'one': ('train', ['CliffDiving', 'Diving']), 'two': ('train', ['HighJump'])}
    assert read.classes == ('CliffDiving', 'Diving', 'HighJump')


def test_opentad_pins_its_classes_in_a_list_beside_the_file(tmp_path) -> None:
    release = published.write_actionformer(tmp_path, VIDEOS)
    edit_json(release.annotations, lambda content: [part.pop('label_id') for entry in content['database'].values()
                                                    for part in entry['annotations']])
    assert LAYOUTS['actionformer'].read(release.annotations).classes is None
    (tmp_path / 'category_idx.txt').write_text('HighJump\nDiving\nCliffDiving\n')
    assert LAYOUTS['actionformer'].read(release.annotations).classes == ('HighJump', 'Diving', 'CliffDiving')


def test_classes_are_in_the_order_of_their_ids_not_of_their_coming(tmp_path) -> None:
    release = published.write_actionformer(tmp_path, VIDEOS)
    edit_json(release.annotations, lambda content: [part.update(label_id=10 - part['label_id'])
                                                    for entry in content['database'].values()
                                                    for part in entry['annotations']])
    read = LAYOUTS['actionformer'].read(release.annotations)
    assert read.classes == published.CLASSES[::-1]
    assert read.remarks[0].startswith('its label_ids are [8, 9, 10], not 0 to 2')


def test_videos_that_basnets_lists_leave_out_are_left_out_and_named(tmp_path) -> None:
    release = published.write_basnet(tmp_path, VIDEOS)
    names = [video.name for video in VIDEOS if video.subset == 'test']
    (tmp_path / 'split_test.txt').write_text('\n'.join(names[1:]))
    read = LAYOUTS['basnet'].read(release.annotations)
    assert names[0] not in read.database and len(read.database) == len(VIDEOS) - 1
    assert read.remarks == (f'split_test.txt leaves out 1 videos of gt.json: {names[0]}.', )


def test_the_file_that_repeats_the_others_is_a_subset_only_if_it_is_named(tmp_path) -> None:
    release = published.write_mmaction2(tmp_path, VIDEOS)
    whole = {}
    for subset in ('train', 'val'):
        whole |= json.loads((tmp_path / f'anet_anno_{subset}.json').read_text())
    (tmp_path / 'anet_anno_full.json').write_text(json.dumps(whole))
    subsets = Counter(entry['subset'] for entry in LAYOUTS['mmaction2'].read(release.annotations).database.values())
    assert subsets == dict(train=5, val=3)
    alone = LAYOUTS['mmaction2'].read(tmp_path / 'anet_anno_full.json').database
    assert Counter(entry['subset'] for entry in alone.values()) == dict(full=8)


def test_an_unknown_layout_is_answered_with_the_known() -> None:
    with pytest.raises(ValueError, match="Unknown layout 'wtal'; known are .*'wtalc'"):
        get_layout('wtal')


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
@pytest.mark.parametrize('header, separator', [
    ('video,subset,duration,label', ','), ('Video;Subset;Duration;Label 1', ';'),
    ('VIDEO\tSUBSET\tduration\tclasses', '\t')])
def test_a_table_means_the_same_however_it_was_saved(tmp_path, header, separator, encoding) -> None:
    rows = ('a', 'train', '25.6', 'Diving'), ('b', 'test', '', 'Saut')
    lines = [header, *map(separator.join, rows)]
    (tmp_path / 'a.csv').write_text('\r\n'.join(lines), encoding=encoding)
    read = LAYOUTS['label_table'].open(tmp_path / 'a.csv')
    assert read.classes == ('Diving', 'Saut')
    assert [(entry['subset'], entry.get('duration')) for entry in read.database.values()] == [
        ('train', 25.6), ('test', None)]


@pytest.mark.parametrize('text', [
    'video,label\nclips/a.mp4,"Diving, high"\nb.MOV,Saut\n', 'filename;label\r\na.mp4;"Diving, high"\r\nb.mov;Saut\r\n',
    'sep=;\nvideo;label\na;Diving, high\nb;Saut\n', '"a.mp4","Diving, high"\n"b.mp4",Saut\n',
    'Video Name\tclass\nC:\\clips\\a.mp4\tDiving, high\nb\tSaut\n'])
def test_a_table_may_name_files_quote_commas_and_state_its_separator(tmp_path, text) -> None:
    (tmp_path / 'a.csv').write_text(text)
    read = LAYOUTS['label_table'].open(tmp_path / 'a.csv')
    assert {video: entry['labels'] for video, entry in read.database.items()} == {'a': ['Diving, high'], 'b': ['Saut']}
    named_by_file = '.mp4' in text
    assert any('named by their files' in remark for remark in read.remarks) == named_by_file


def test_two_files_of_one_video_are_one_video_twice(tmp_path) -> None:
    (tmp_path / 'a.csv').write_text('one/a.mp4,Diving\ntwo/a.mov,Saut\n')
    with pytest.raises(ValueError, match="line 2 names the video 'two/a.mov'; expected one line per video"):
        LAYOUTS['label_table'].open(tmp_path / 'a.csv')


def test_a_comma_is_a_decimal_mark_only_where_it_separates_nothing(tmp_path) -> None:
    (tmp_path / 'a.csv').write_text('video;duration;label\na;25,5;Diving\nb;7.5;Saut\n')
    read = LAYOUTS['label_table'].open(tmp_path / 'a.csv')
    assert [entry['duration'] for entry in read.database.values()] == [25.5, 7.5]
    (tmp_path / 'a.csv').write_text('video,duration,label\na,"1,234",Diving\n')
    with pytest.raises(ValueError, match="has the duration '1,234'; expected seconds"):
        LAYOUTS['label_table'].open(tmp_path / 'a.csv')


def write_workbook(path: Path, rows: list[list[object]], *others: str) -> Path:
    openpyxl = pytest.importorskip('openpyxl', reason='the optional package openpyxl is not installed')
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    for name in others:
        workbook.create_sheet(name)
    workbook.save(path)
    return path


def test_an_excel_sheet_is_read_as_a_table(tmp_path) -> None:
    path = write_workbook(tmp_path / 'labels.xlsx', [
        ['Video', 'Subset', 'Duration', 'Label', None], ['a.mp4', 'train', 25.6, 'Diving', 'Saut'], [],
        [7.0, None, 12, 'Saut']], 'notes')
    read = LAYOUTS['label_table'].open(path)
    assert read.database == {
        'a': dict(subset='train', duration=25.6, labels=['Diving', 'Saut'], annotations=[]),
        '7': dict(subset='train', duration=12.0, labels=['Saut'], annotations=[])}
    assert read.remarks[0] == 'it has 2 sheets, of which the first is read.'


def test_a_workbook_that_is_none_or_too_large_is_named(tmp_path, monkeypatch) -> None:
    path = write_workbook(tmp_path / 'labels.xlsx', [['a', 'Diving']])
    monkeypatch.setattr('rpn_plugin.datasets.formats.excel_sheet.MOST_BYTES', 100)
    with pytest.raises(ValueError, match=r'labels.xlsx: has \d+ bytes unpacked; 100 are the most'):
        LAYOUTS['label_table'].open(path)
    path.write_text('video,label')
    with pytest.raises(ValueError, match='labels.xlsx: not an Excel workbook .*Save it as .xlsx or CSV again'):
        LAYOUTS['label_table'].open(path)


def test_without_openpyxl_one_line_says_what_to_install(tmp_path, monkeypatch) -> None:
    (tmp_path / 'labels.xlsx').touch()
    monkeypatch.setitem(sys.modules, 'openpyxl', None)
    with pytest.raises(ValueError, match='labels.xlsx.*pip install openpyxl, or save the sheet as CSV'):
        LAYOUTS['label_table'].open(tmp_path / 'labels.xlsx')


@pytest.mark.parametrize('header', ['video,split,label', 'video,label,fps', 'video,label,subset,Subset',
                                    'video,Video,label'])
def test_a_column_that_nobody_knows_is_not_taken_for_labels(tmp_path, header) -> None:
    (tmp_path / 'a.csv').write_text(f'{header}\na,b,c,d\n')
    with pytest.raises(ValueError, match='a.csv: has the columns .*expected "video" and "label"'):
        LAYOUTS['label_table'].open(tmp_path / 'a.csv')


DEEP: list = []
for _ in range(900):
    DEEP = [DEEP]
ODD_ENTRIES = {
    'labels of lists': dict(labels=[['Diving']]), 'labels as a name': dict(labels='Diving'),
    'a surrogate': dict(labels=['\ud800']), 'deep labels': dict(labels=DEEP), 'no label': dict(annotations=[{}]),
    'annotations as an object': dict(annotations={'label': 'Diving'}), 'annotations as a number': dict(annotations=3),
    'a label of objects': dict(annotations=[dict(label={}, segment=[0, 1])]),
    'a border of 400 digits': dict(annotations=[dict(label='Diving', segment=[0, 10**400])]),
    'a border of 1e308': dict(annotations=[dict(label='Diving', segment=[0, 1e308])]),
    'a segment of two letters': dict(annotations=[dict(label='Diving', segment='12')]),
    'a duration of 400 digits': dict(duration=10**400), 'a duration of 1e308': dict(duration=1e308)}


@pytest.mark.parametrize('entry', ODD_ENTRIES.values(), ids=ODD_ENTRIES)
def test_an_odd_entry_is_a_fault_that_names_file_and_video_and_stops_no_other(tmp_path, entry) -> None:
    good = dict(subset='test', duration=9.0, annotations=[dict(label='Diving', segment=[1, 2])])
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(dict(classes=['Diving'], database=dict(bad={**good, **entry}, good=good))))
    annotations = AnnotationFile.read(path)
    assert annotations.video_labels('good') == [0] and annotations.video_segments('good').tolist() == [[1, 2]]
    with pytest.raises(Fault, match=f'{path}: video bad has') as caught:
        annotations.video_labels('bad')
        annotations.video_segments('bad')
        annotations.video_duration_sec('bad')
    assert len(str(caught.value)) < 600
    with pytest.raises(ValueError, match='video bad'):
        convert(Conversion('plugin', str(path), recipe=dict(fps=25, snippet_stride=16)), tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('key, value', [
    ('classes', {'Diving': 0}), ('classes', 'Diving'), ('classes', [1]), ('classes', [None]), ('classes', 3),
    ('classes', ['a\nb']), ('feature', [25]), ('feature', 'i3d'), ('ambiguous', [1]), ('ambiguous', {'a': 3}),
    ('ambiguous', {'a': [[0, 1e308]]}), ('database', {'a': dict(subset=['test'])}), ('database', {'a': dict(subset=3)}),
    ('database', {'a': [1]}), ('database', [])])
def test_what_concerns_the_whole_file_is_checked_when_it_is_read(tmp_path, key, value) -> None:
    path = tmp_path / 'a.json'
    path.write_text(json.dumps({'classes': ['Diving'], 'database': {}, key: value}))
    with pytest.raises(ValueError, match=str(path)):
        AnnotationFile.read(path)


def test_a_reader_from_outside_that_stumbles_is_named_with_its_file(tmp_path) -> None:
    layout = DataLayout('mine', 'lines of numbers', lambda path: Annotations(dict(path)))
    with pytest.raises(ValueError, match='a.txt: not of the layout mine .lines of numbers.: TypeError'):
        layout.open(tmp_path / 'a.txt')


def test_lists_that_share_their_parts_do_not_unfold_without_end(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr('rpn_plugin.datasets.formats.wtalc.MOST_VALUES', 10**5)
    release = published.WRITERS['wtalc'](tmp_path / 'wtalc', VIDEOS)
    shared: list = ['Diving']
    for _ in range(40):
        shared = [shared, shared]
    column = np.empty(len(np.load(release.annotations / 'labels_all.npy', allow_pickle=True)), object)
    column[:] = [[shared]] * len(column)
    np.save(release.annotations / 'labels_all.npy', column, allow_pickle=True)
    with pytest.raises(ValueError, match='labels_all.npy: refused. Its nested lists unfold'):
        LAYOUTS['wtalc'].open(release.annotations)
