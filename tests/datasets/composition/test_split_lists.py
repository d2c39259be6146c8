"""Split lists of UCF101 and HMDB51, as published, and what can be wrong with them."""
from __future__ import annotations

from pathlib import Path

import pytest

from rpn_plugin.datasets.composition.split_lists import ListedClip, label_of, read_split, shared_groups


def write(folder: Path, **lists: str) -> list[Path]:
    for name, text in lists.items():
        (folder / f'{name}.txt').write_text(text)
    return [folder / f'{name}.txt' for name in lists]


def test_ucf101(tmp_path) -> None:
    clips = read_split(write(
        tmp_path, testlist01='Diving/v_Diving_g01_c01.avi\n',
        trainlist01='HandstandPushups/v_HandStandPushups_g08_c01.avi 37\r\n\nv_Diving_g08_c02.avi 26\n'))
    assert {name: (clip.subset, clip.label) for name, clip in clips.items()} == {
        'v_HandStandPushups_g08_c01': ('train', 'HandstandPushups'), 'v_Diving_g08_c02': ('train', None),
        'v_Diving_g01_c01': ('test', 'Diving')}


def test_hmdb51(tmp_path) -> None:
    clips = read_split(write(
        tmp_path, brush_hair_test_split1='A_brush_hair_u_nm_np1_ba_goo_0.avi 1 \nB.avi 2 \nC.avi 0 \n',
        walk_test_split1='#20_walk_f_cm_np1_ri_med_1.avi 1 \n'))
    assert {name: (clip.subset, clip.label) for name, clip in clips.items()} == {
        'A_brush_hair_u_nm_np1_ba_goo_0': ('train', 'brush_hair'), 'B': ('test', 'brush_hair'),
        '#20_walk_f_cm_np1_ri_med_1': ('train', 'walk')}


@pytest.mark.parametrize('lists, message', [
    (dict(trainlist01='A/a.avi 1\n', testlist01='A/a.avi\n'),
     r'testlist01.txt: line 1: clip a is in .*trainlist01.txt \(train\)'),
    (dict(trainlist01='A/a.avi 1\nA/a.avi 1\n', testlist01='A/b.avi\n'), 'line 2: clip a is in'),
    (dict(trainlist01='A/a.avi 1\n'), 'no clip for subset test. Give the lists of both'),
    (dict(walk_test_split1='a.avi 1\n', run_test_split2='a.avi 2\n'), 'clip a is in'),
    (dict(walk_test_split1='a.avi 3\n'), "line 1 is 'a.avi 3'; expected <clip>.avi 0|1|2"),
    (dict(trainlist01='A/B/a.avi 1\n', testlist01='A/b.avi\n'), 'line 1 is .*; expected <Class>/<clip>.avi'),
    (dict(training='A/a.avi\n'), 'training.txt: expected the name of a UCF101 list'),
])
def test_bad_lists_name_file_and_line(tmp_path, lists, message) -> None:
    with pytest.raises(ValueError, match=message):
        read_split(write(tmp_path, **lists))


def test_a_list_that_is_no_text(tmp_path) -> None:
    (tmp_path / 'trainlist01.txt').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(ValueError, match='trainlist01.txt: line 1 is no text in UTF-8'):
        read_split([tmp_path / 'trainlist01.txt'])


@pytest.mark.parametrize('name, listed, path, label', [
    ('v_Diving_g01_c01', 'HighJump', 'Walking/v_Diving_g01_c01.npy', 'HighJump'),
    ('v_Diving_g01_c01', None, 'rgb/v_Diving_g01_c01.npy', 'Diving'),
    ('some_clip', None, 'features/Diving/some_clip.npy', 'Diving'),
])
def test_the_list_wins_over_the_name_and_the_name_over_the_folder(name, listed, path, label) -> None:
    assert label_of(name, ListedClip('train', listed, 'list.txt'), path) == label


def test_a_clip_without_a_class_is_named() -> None:
    with pytest.raises(ValueError, match='list.txt: clip some_clip has no class. Write <Class>/some_clip.avi'):
        label_of('some_clip', ListedClip('train', None, 'list.txt'), 'some_clip.npy')


def test_groups_in_both_subsets_are_found() -> None:
    clips = {name: ListedClip(subset, None, '') for name, subset in (
        ('v_A_g01_c01', 'train'), ('v_A_g01_c02', 'test'), ('v_A_g02_c01', 'train'), ('v_B_g02_c01', 'test'),
        ('x', 'test'))}
    assert shared_groups(clips) == ['A_g01']
