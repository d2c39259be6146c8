"""Thumbnails are the frames that are shown in the middle of equal parts."""
from __future__ import annotations

import pytest
from made_videos import read_code, write_video

from rpn_plugin.datasets.videos import VideoError, read_thumbnails


def test_frames_from_the_middle_of_each_part(tmp_path) -> None:
    write_video(tmp_path / 'a.mp4', number=50, fps=10)
    thumbnails = read_thumbnails(tmp_path / 'a.mp4', 5.0, count=4, height=32)
    assert [time for time, _ in thumbnails] == [0.625, 1.875, 3.125, 4.375]
    assert [read_code(image) for _, image in thumbnails] == [6, 18, 31, 43]
    assert read_thumbnails(tmp_path / 'a.mp4', 5.0, count=1, height=16)[0][1].shape == (16, 40, 3)


def test_a_video_of_another_length_is_refused(tmp_path) -> None:
    write_video(tmp_path / 'a.mp4', number=20, fps=10)
    with pytest.raises(VideoError, match=r'a\.mp4: ends after 2\.00 s, .* 5\.00 s'):
        read_thumbnails(tmp_path / 'a.mp4', 5.0)
