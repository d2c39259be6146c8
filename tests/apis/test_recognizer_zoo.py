"""Recognizers of the host's model zoo by name, without a network."""
from __future__ import annotations

import hashlib
import socket
import urllib.request
from pathlib import Path

import pytest
import torch

from rpn_plugin.apis import recognizer_zoo
from rpn_plugin.apis.recognizer_zoo import find_recognizer

CONTENT = b'weights'
HASH = hashlib.sha256(CONTENT).hexdigest()[:8]
METAFILE = """
Models:
  - Name: tsn_r50
    Alias: [TSN]
    Config: configs/recognition/tsn/tsn_r50.py
    Weights: https://zoo.invalid/tsn/tsn_r50_20220906-{hash}.pth
  - Name: tsn_other
    Config: configs/recognition/tsn/tsn_other
    Weights: https://zoo.invalid/tsn/tsn_other_20220906-00000000.pth
  - Name: tsn_gone
    Config: configs/recognition/tsn/tsn_gone.py
    Weights: https://zoo.invalid/tsn/tsn_gone_20220906-00000000.pth
  - Name: tsn_untrained
    Config: configs/recognition/tsn/tsn_other.py
"""


@pytest.fixture
def zoo(tmp_path, monkeypatch) -> Path:
    """A host with two recognizers and one that has no config; torch's cache is in the same folder."""
    folder = tmp_path / 'configs' / 'recognition' / 'tsn'
    folder.mkdir(parents=True)
    (folder / 'metafile.yml').write_text(METAFILE.format(hash=HASH))
    (folder / 'tsn_r50.py').touch(), (folder / 'tsn_other.py').touch()
    (tmp_path / 'model-index.yml').write_text('Import: [configs/recognition/tsn/metafile.yml, '
                                              'configs/recognition/absent/metafile.yml]')
    monkeypatch.setattr(recognizer_zoo, '_host_folder', lambda: tmp_path)
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    monkeypatch.setattr(socket, 'socket', lambda *_, **__: pytest.fail('a test opened a connection'))
    return tmp_path


@pytest.mark.parametrize('name', ['tsn_r50', 'TSN', 'tsn', 'configs/recognition/tsn/tsn_r50.py'])
def test_a_recognizer_is_found_by_name_alias_and_config(zoo, name) -> None:
    found = find_recognizer(name)
    assert found.name == 'tsn_r50' and found.config == zoo / 'configs/recognition/tsn/tsn_r50.py'
    assert find_recognizer('tsn_other').config.name == 'tsn_other.py', 'the index leaves out its ending'


@pytest.mark.parametrize('name, message', [
    ('tsn_r5', r'did you mean tsn_r50\? Known are 2, the names of the configs in .*/configs/recognition, and TSN\.'),
    ('tsn_gone', 'No recognizer tsn_gone'), ('tsn_untrained', 'No recognizer tsn_untrained')])
def test_what_is_not_in_the_zoo_is_refused_and_the_nearest_named(zoo, name, message) -> None:
    with pytest.raises(ValueError, match=message):
        find_recognizer(name)


def test_weights_that_are_in_the_cache_are_checked_and_not_downloaded(zoo) -> None:
    recognizer = find_recognizer('TSN')
    assert recognizer.cached == zoo / 'hub' / 'checkpoints' / f'tsn_r50_20220906-{HASH}.pth'
    recognizer.cached.parent.mkdir(parents=True)
    recognizer.cached.write_bytes(CONTENT)
    assert recognizer.fetch() == recognizer.cached
    recognizer.cached.write_bytes(b'other')
    with pytest.raises(ValueError, match=f'its SHA-256 begins with d9298a10, but .* with {HASH}. Delete the file'):
        recognizer.fetch()


def test_without_a_network_one_line_says_where_the_weights_are_and_where_to_put_them(zoo, monkeypatch) -> None:
    def closed(*_, **__):
        raise urllib.error.URLError('no network')

    monkeypatch.setattr(torch.hub, 'urlopen', closed)
    recognizer = find_recognizer('TSN')
    with pytest.raises(OSError) as error:
        recognizer.fetch()
    assert str(error.value) == (
        f'{recognizer.weights} cannot be downloaded (<urlopen error no network>). Put the file to {recognizer.cached} '
        f'by other means, and run this again.')
    assert not list(recognizer.cached.parent.iterdir())


def test_a_download_that_is_damaged_is_not_kept(zoo, monkeypatch) -> None:
    def damaged(url: str, path: str, hash_prefix: str) -> None:
        assert (url, hash_prefix) == (find_recognizer('TSN').weights, HASH)
        raise RuntimeError('invalid hash value')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', damaged)
    with pytest.raises(OSError, match=r'cannot be downloaded \(invalid hash value\)'):
        find_recognizer('TSN').fetch()


def test_the_installed_host_has_a_zoo(monkeypatch) -> None:
    found = find_recognizer('tsn')
    assert found.config.is_file() and found.weights.startswith('https://') and '-r50_' in found.name


def test_a_host_without_its_index_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(recognizer_zoo, 'INDEX', 'absent.yml')
    with pytest.raises(FileNotFoundError, match='installed without its model index; looked for absent.yml in .*--conf'):
        find_recognizer('TSN')
