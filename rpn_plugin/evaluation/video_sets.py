"""Named choices among the videos of a ground truth: those that are scored."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rpn_plugin.command_line import did_you_mean, nearest

_AMBIGUOUS_ONLY = 'it has ambiguous intervals only, no instance'
_BEYOND_THE_END = '22 of its 29 instances lie after the end of the video'
_NOT_IN_LIST = "absent from BaS-Net's list, though nothing is wrong with its annotations"


@dataclass(frozen=True)
class VideoSet:
    """A choice of videos.

    Args:
        name: Its name in results.
        description: The videos that it holds, in words.
        excluded: Reason by name of each video that is left out, with its instances and its detections.
        annotated_only: Leave out the videos without instances, too.
        num_videos: Videos that a complete ground truth holds after that; None where it depends on the ground truth.
    """

    name: str
    description: str
    excluded: Mapping[str, str] = field(default_factory=dict, hash=False)
    annotated_only: bool = False
    num_videos: int | None = None

    def excludes(self, video: str, num_instances: int) -> bool:
        """Say whether a video of the ground truth with so many instances is left out."""
        return video in self.excluded or (self.annotated_only and num_instances == 0)


VIDEO_SETS = {
    video_set.name: video_set
    for video_set in (
        VideoSet('all', 'every video of the subset'),
        VideoSet('annotated', 'the videos with instances', annotated_only=True),
        VideoSet('thumos14-213', 'the 213 annotated test videos of THUMOS14', num_videos=213),
        VideoSet('thumos14-212', 'the test videos of THUMOS14 that the paper and W-TALC score',
                 {'video_test_0001292': _AMBIGUOUS_ONLY}, num_videos=212),
        VideoSet('thumos14-210', "the test videos of THUMOS14 in BaS-Net's list",
                 {'video_test_0000270': _BEYOND_THE_END, 'video_test_0001292': _AMBIGUOUS_ONLY,
                  'video_test_0001496': _NOT_IN_LIST}, num_videos=210),
    )
}


def get_video_set(name: str) -> VideoSet:
    """Return the video set of that name.

    Raises:
        ValueError: If there is none; the message names the nearest and lists the known.
    """
    if name not in VIDEO_SETS:
        raise ValueError(f'Unknown video set {name!r}{did_you_mean(nearest(name, VIDEO_SETS))} Known are '
                         f'{", ".join(VIDEO_SETS)}.')
    return VIDEO_SETS[name]
