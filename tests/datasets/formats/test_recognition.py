"""The layout of annotations is told by what lies at their path."""
from __future__ import annotations

import json

import published
import pytest

from rpn_plugin.datasets.formats.recognition import recognize_layout

VIDEOS = published.made_videos()


@pytest.mark.parametrize('name', published.WRITERS)
def test_the_annotations_of_every_layout_are_recognized(tmp_path, name) -> None:
    assert recognize_layout(published.WRITERS[name](tmp_path / 'release', VIDEOS).annotations) == name


def test_single_files_are_recognized_too(tmp_path, shared_data) -> None:
    published.write_basnet(tmp_path, VIDEOS)
    assert recognize_layout(tmp_path / 'gt.json') == 'basnet'
    published.write_mmaction2(tmp_path, VIDEOS)
    assert recognize_layout(tmp_path / 'anet_anno_val.json') == 'mmaction2'
    assert recognize_layout(shared_data / 'tug' / 'annotations.json') == 'plugin'
    for name in ('labels.xlsx', 'LABELS.CSV', 'labels.tsv'):
        (tmp_path / name).touch()
        assert recognize_layout(tmp_path / name) == 'label_table'


@pytest.mark.parametrize('name, content, message', [
    ('labels.xls', '', 'expected labels as a table'), ('labels.json', json.dumps(dict(a=1)), 'with a "database" of'),
    ('labels.json', '[]', 'expected a JSON object'), ('empty', None, 'the folder of a public release'),
    ('absent.csv', ..., 'there is no such file')])
def test_what_is_no_layout_is_named(tmp_path, name, content, message) -> None:
    if content is None:
        (tmp_path / name).mkdir()
    elif content is not ...:
        (tmp_path / name).write_text(content)
    with pytest.raises((ValueError, FileNotFoundError), match=f'{name}.*{message}'):
        recognize_layout(tmp_path / name)
