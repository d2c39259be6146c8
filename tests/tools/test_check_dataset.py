"""check_dataset.py says what a data set holds and exits with 1 if something makes training or scoring wrong."""
from __future__ import annotations

import importlib
import json

import numpy as np
import published
import pytest


@pytest.fixture
def check(repository, monkeypatch):
    """The tool's main function."""
    monkeypatch.syspath_prepend(str(repository / 'tools' / 'data'))
    return importlib.import_module('check_dataset').main


@pytest.fixture
def config(tiny):
    """A training config on the small set, in a file."""
    path = tiny.root / 'config.py'
    path.write_text(''.join(f'{loader}_dataloader = dict(dataset={tiny.config(subset)!r})\n'
                            for loader, subset in (('train', 'train'), ('val', 'test'), ('test', 'test'))))
    return str(path)


def test_a_clean_set_gives_tables_and_0(check, config, capsys, tmp_path) -> None:
    assert check([config, '--plot', str(tmp_path / 'page.png')]) == 0
    out, err = capsys.readouterr()
    rows = {line.split('  ')[0]: line.split()[-2:] for line in out.splitlines()}
    assert rows['videos'] == ['8', '4'] and rows['instances'] == ['11', '5'] and rows['snippets'] == ['96', '96']
    assert rows['seconds per snippet'] == ['0.64', '0.64']
    assert '0 errors, 0 warnings' in out and 'reading features' in err
    assert (tmp_path / 'page.png').read_bytes().startswith(b'\x89PNG')


def test_an_error_gives_1_and_names_it_in_text_and_json(check, config, tiny, capsys, tmp_path) -> None:
    tiny.write_features('flow', 'train_7', np.full((19, 4), np.nan, np.float16))
    tiny.content['database']['test_9']['annotations'][0]['segment'] = [1.0, 99.0]
    tiny.save()
    assert check([config, '--json', str(tmp_path / 'found.json')]) == 1
    out = capsys.readouterr().out
    assert 'error values-not-finite (1, subset train)' in out and 'flow/train_7.npy: 76 values' in out
    assert check([config, '--json', '-']) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / 'found.json').read_text())
    assert (printed['errors'], printed['warnings']) == (1, 1)
    assert [(finding['code'], finding['severity'], finding['subset'], finding['videos'])
            for finding in printed['findings']] == [('values-not-finite', 'error', 'train', ['train_7']),
                                                    ('segment-outside', 'warning', 'test', ['test_9'])]
    train, test = printed['subsets']
    assert train['features']['rgb'] | dict(place='') == dict(place='', num_found=8, missing=[], extra=[])
    assert sum(train['videos_per_class'].values()) == 11 and test['training'] is False


@pytest.mark.parametrize('layout', published.WRITERS)
def test_every_layout_is_checked_in_place(check, capsys, tmp_path, layout) -> None:
    release = published.WRITERS[layout](tmp_path, published.made_videos())
    arguments = [str(release.annotations), '--layout', layout, '--features',
                 *(f'{stream}={place}' for stream, place in release.features.items())]
    if release.recipe:
        keys = dict(snippet_stride='stride')
        arguments += ['--recipe', *(f'{keys.get(key, key)}={value}' for key, value in release.recipe.items())]
    if release.columns:
        arguments += ['--columns', *(f'{stream}={first}:{end}' for stream, (first, end) in release.columns.items())]
    assert check([*arguments, '--json', '-']) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one['videos'], one['videos_with_features']) for one in found['subsets']] == [(5, 5), (3, 3)]


@pytest.mark.parametrize('arguments, message', [
    (['nowhere.json'], 'No annotation file nowhere.json'),
    (['nowhere.py'], 'nowhere.py'),
])
def test_what_cannot_be_opened_gives_1_and_a_line(check, capsys, arguments, message) -> None:
    assert check(arguments) == 1
    out, err = capsys.readouterr()
    assert message in out + err


def test_a_config_takes_no_options_of_annotations(check, config, capsys) -> None:
    assert check([config, '--layout', 'plugin']) == 1
    assert 'leave the options out' in capsys.readouterr().err


def test_named_video_sets_are_counted(check, shared_data, capsys) -> None:
    assert check([str(shared_data / 'thumos14' / 'official'), '--layout', 'thumos14']) == 0
    out = capsys.readouterr().out
    for row in ('213 of 213', '212 of 212', '210 of 210'):
        assert row in out
