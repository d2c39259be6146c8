"""The tool over files that are whole and files that are not."""
from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_recognizers import write_recognizers
from made_videos import bar_code, cut, write_video
from tool_runner import load_tool

from rpn_plugin.apis import FeatureExtractor
from rpn_plugin.datasets.sidecars import Sidecar


@pytest.fixture
def tool(monkeypatch, tmp_path):
    """The command line in this process; its exit status (0, or the message that goes with 1)."""
    files = write_recognizers(tmp_path)
    module = load_tool('data/extract_features.py')

    def run(*arguments: object) -> object:
        options = ['--config', files / 'rgb.py', '--checkpoint', files / 'rgb.pth', *arguments]
        monkeypatch.setattr(sys, 'argv', ['extract_features.py', *map(str, options)])
        try:
            module.main()
        except SystemExit as ended:
            return ended.code
        return 0

    return run


def test_the_tool_passes_over_broken_videos_and_ends_with_an_error(tool, tmp_path, capsys) -> None:
    videos, out = tmp_path / 'videos', tmp_path / 'out'
    write_video(videos / 'good.mp4', 40, 30), write_video(videos / 'odd.mkv', 40, codec='ffv1',
                                                          image=lambda index: bar_code(index)[:, :79])
    cut(write_video(videos / 'half.mkv', 200), 0.5)
    (videos / 'sound.mp4').write_bytes(b'')
    (videos / 'notes.txt').write_text('no video')
    code = tool(videos, '--out', out)
    assert '2 of 4 videos could not be extracted' in code
    assert 'half.mkv: truncated' in code and 'sound.mp4: not a' in code
    assert sorted(entry.name for entry in out.iterdir()) == ['good.json', 'good.npy', 'odd.json', 'odd.npy']
    assert json.loads((out / 'good.json').read_text())['source']['fps'] == 30
    printed = capsys.readouterr().out
    assert 'good.mp4: written' in printed and '1 other files are left out' in printed
    before = (out / 'good.npy').stat().st_mtime_ns
    assert tool(videos / 'good.mp4', '--out', out) == 0
    assert 'good.mp4: done already' in capsys.readouterr().out and (out / 'good.npy').stat().st_mtime_ns == before


def test_no_video_and_no_name_ends_the_extraction(tool, tmp_path, monkeypatch, capsys) -> None:
    videos, out = tmp_path / 'videos', tmp_path / 'out'
    for name in ('[red]', '視頻', 'n' * 249, 'wrong', 'z'):
        write_video(videos / f'{name}.mp4', 20)
    extract = FeatureExtractor.extract

    def fails(self, path, *rest):
        if path.stem == 'wrong':
            raise RuntimeError('out of memory')
        return extract(self, path, *rest)

    monkeypatch.setattr(FeatureExtractor, 'extract', fails)
    (out / '視頻.npy').mkdir(parents=True)
    code = tool(videos, '--out', out)
    assert '2 of 5 videos could not be extracted' in code and 'wrong.mp4: RuntimeError: out of memory' in code
    assert '視頻.mp4: ' in code
    assert sorted(path.stem for path in out.glob('*.json')) == ['[red]', 'n' * 249, 'z']
    assert '[red].mp4: written' in capsys.readouterr().out


def test_a_recognizer_of_the_zoo_needs_its_name_only(tmp_path, monkeypatch) -> None:
    files = write_recognizers(tmp_path)
    write_video(tmp_path / 'a.mp4', 40)
    module = load_tool('data/extract_features.py')
    monkeypatch.setitem(vars(sys.modules['_extraction']), 'find_recognizer', lambda name: SimpleNamespace(
        config=files / f'{name}.py', fetch=lambda: files / f'{name}.pth'))
    monkeypatch.setattr(sys, 'argv', ['extract_features.py', str(tmp_path / 'a.mp4'), '--recognizer', 'rgb', '--out',
                                      str(tmp_path / 'out')])
    module.main()
    sidecar = Sidecar.read(tmp_path / 'out' / 'a.json')
    assert sidecar.shape == [2, 512] and not sidecar.is_dry_run


@pytest.mark.parametrize('arguments, message', [
    (['absent'], 'No video or folder absent'), (['.'], 'no video file in this folder'),
    (['.', '--stride', '0'], 'positive number'), (['.', '--checkpoint', 'absent.pth'], 'No checkpoint absent.pth'),
])
def test_the_tool_says_what_it_cannot_do(tool, tmp_path, monkeypatch, arguments, message) -> None:
    (tmp_path / 'videos').mkdir()
    monkeypatch.chdir(tmp_path / 'videos')
    if len(arguments) > 1:
        Path('a.mp4').touch()
    assert message in tool(*arguments, '--out', 'out')
