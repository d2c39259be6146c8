"""A video reader opens the file that it was given and nothing else."""
from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from made_videos import write_video

from rpn_plugin.datasets.videos import VideoError, VideoFile, containers


@pytest.fixture
def secret(tmp_path) -> Path:
    """A video that nobody named."""
    return write_video(tmp_path / 'secret.ts', 50, codec='mpeg2video')


PLAYLISTS = {
    'hls.mp4': '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n',
    'hls.m3u8': '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n',
    'concat.mp4': 'ffconcat version 1.0\nfile {}\n',
    'stream.sdp': 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n'
                  'a=rtpmap:96 H264/90000\n',
    'dash.mp4': '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-'
                'on-demand:2011" type="static"><Period><AdaptationSet mimeType="video/mp2t"><Representation id="1" '
                'bandwidth="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>',
}


@pytest.mark.parametrize('name', PLAYLISTS)
def test_playlists_are_not_followed(secret, tmp_path, monkeypatch, name) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(PLAYLISTS[name].format('secret.ts'))
    with pytest.raises(VideoError, match=f'{name}: not a video that can be opened .* Playlists .* are not followed'):
        list(VideoFile(name).frames())


def test_a_name_is_no_pattern_and_no_address(secret, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ('picture%d.mp4', 'concat:a|b.mp4', 'http:x.mp4', '-i.mp4', os.fsdecode(b'caf\xe9.mp4'), '視頻.mp4'):
        shutil.copy(write_video(tmp_path / 'source.mp4', 5), name)
        assert len(list(VideoFile(name).frames())) == 5
    for index in range(3):
        shutil.copy(secret, f'frame{index}.mp4')
    with pytest.raises(VideoError, match='frame%d.mp4: missing'):
        VideoFile('frame%d.mp4').header  # noqa: B018


def test_pipes_and_folders_are_refused_without_waiting(tmp_path) -> None:
    os.mkfifo(tmp_path / 'pipe.mp4')
    (tmp_path / 'folder.mp4').mkdir()
    for name, reason in (('pipe.mp4', 'a pipe or a device'), ('folder.mp4', 'directory')):
        with pytest.raises(VideoError, match=f'{name}: not a video that can be opened .*{reason}'):
            VideoFile(tmp_path / name).header  # noqa: B018


def test_pictures_in_an_unknown_coding_are_named(tmp_path) -> None:
    path = write_video(tmp_path / 'a.avi', 3)
    path.write_bytes(path.read_bytes().replace(b'FMP4', b'\1\2\3\4'))
    with pytest.raises(VideoError, match='a.avi: its pictures are in a coding that this PyAV does not know'):
        list(VideoFile(path).frames())


def test_frames_beyond_the_limit_are_refused_before_they_are_made(tmp_path, monkeypatch) -> None:
    path = write_video(tmp_path / 'a.mp4', 3)
    monkeypatch.setattr(containers, 'MOST_PIXELS', 80 * 32 - 1)
    with pytest.raises(VideoError, match='a.mp4: frames of 80 x 32 pixels; 2559 pixels are the most'):
        next(VideoFile(path).frames())
