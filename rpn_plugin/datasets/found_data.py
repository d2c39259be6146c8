"""Finds out what a folder of features holds, and which subsets of annotations to train and to test on."""
from __future__ import annotations

import os
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from rpn_plugin.datasets.data_folder import FEATURES
from rpn_plugin.datasets.feature_readers import READERS, import_h5py
from rpn_plugin.datasets.feature_stores import open_store
from rpn_plugin.datasets.sidecars import Sidecar, sidecar_path

UNNAMED_STREAM = 'rgb'
"""The name of a stream that nothing names."""
SAMPLED = 20
"""Videos by which it is found out how files are named."""
_STREAM_WORD = re.compile(r'(?<![a-z])(rgb|flow)(?![a-z])')


@dataclass(frozen=True)
class FoundFeatures:
    """The features of a folder, or of one file of all videos.

    Args:
        places: Stream to its features, see :func:`open_store`, perhaps with ``{subset}``.
        columns: Stream to the range of its channels, where files hold several streams side by side.
    """

    places: dict[str, str]
    columns: dict[str, tuple[int, int]] = field(default_factory=dict)

    def videos(self, subsets: Iterable[str]) -> set[str]:
        """Return the names of all videos that a stream has, annotated or not."""
        places = {(stream, place.replace('{subset}', subset)) for stream, place in self.places.items()
                  if '{}' in place for subset in subsets}
        return {video for stream, place in places for video in open_store(place, stream, ()).videos()}


class _Pattern(NamedTuple):
    """The path of feature files with ``{}`` for the video, how many videos have one, and a word for the stream."""

    path: str
    matching: int
    stream: str | None


def find_features(place: Path, subset_of: Mapping[str, str],
                  columns: Mapping[str, tuple[int, int]]) -> FoundFeatures | None:
    """Find the features of annotated videos.

    They may lie in the folder itself or in its folder ``features``, there in a folder per stream, a folder per subset
    with one per stream in it, or all in one, named after the video with anything before and behind (``v_<video>``,
    ``<video>_rgb``).

    Args:
        place: The folder, or one file of all videos.
        subset_of: Annotated video to its subset.
        columns: Stream to the range of its channels in files that hold several streams, as the layout of the
            annotations has them.

    Returns:
        None if there is no feature file that is named after an annotated video.
    """
    if place.is_file():
        return FoundFeatures(dict.fromkeys(columns or [UNNAMED_STREAM], str(place)), dict(columns))
    for root in (place / FEATURES, place):
        if root.is_dir() and (streams := _by_subset(root, subset_of) or _streams(root, list(subset_of))):
            return _with_columns(streams, subset_of, columns)
    return None


def _by_subset(root: Path, subset_of: Mapping[str, str]) -> dict[str, _Pattern]:
    """Find a folder per subset; what the first holds, the others are taken to hold, too."""
    subsets = list(dict.fromkeys(subset_of.values()))
    if not all((root / subset).is_dir() for subset in subsets):
        return {}
    first = root / subsets[0]
    streams = _streams(first, [video for video, subset in subset_of.items() if subset == subsets[0]])
    return {stream: pattern._replace(path=str(root / '{subset}' / Path(pattern.path).relative_to(first)))
            for stream, pattern in streams.items()}


def _streams(root: Path, videos: Sequence[str]) -> dict[str, _Pattern]:
    """Find the folder or the files of each stream; a folder that holds few of the videos is none."""
    folders = sorted((entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith('.')),
                     key=lambda folder: (folder.name != UNNAMED_STREAM, folder.name))
    found = {folder.name: patterns for folder in folders if (patterns := _patterns(folder, videos))}
    if len(found) > 1:
        most = max(patterns[0].matching for patterns in found.values())
        return {name: patterns[0] for name, patterns in found.items() if 2 * patterns[0].matching > most}
    name, patterns = next(iter(found.items())) if found else (None, _patterns(root, videos))
    words = {pattern.stream: pattern for pattern in patterns if pattern.stream}
    if len(words) > 1:
        return {stream: words[stream] for stream in sorted(words, key=lambda word: word != UNNAMED_STREAM)}
    return {name or patterns[0].stream or _described_stream(patterns[0].path, videos): patterns[0]} if patterns else {}


def _patterns(folder: Path, videos: Sequence[str]) -> list[_Pattern]:
    """Find how the feature files of a folder are named, the commonest way first; none where no video has a file."""
    files = {entry.name for entry in os.scandir(folder) if entry.is_file()}
    found = []
    for kind in READERS:
        stems = {name.removesuffix(kind) for name in files if name.endswith(kind)}
        for prefix, suffix in _affixes(stems, videos):
            matching = sum(f'{prefix}{video}{suffix}' in stems for video in videos)
            word = _STREAM_WORD.search(f'{prefix} {suffix}'.lower())
            found.append(_Pattern(os.path.join(folder, f'{prefix}{{}}{suffix}{kind}'), matching, word and word[1]))
    found.sort(key=lambda pattern: (-pattern.matching, len(pattern.path)))
    return [pattern for pattern in found if 2 * pattern.matching > found[0].matching]


def _affixes(stems: Collection[str], videos: Sequence[str]) -> list[tuple[str, str]]:
    """Find what stands before and behind the names of videos in names of files, the commonest first."""
    counts: Counter[tuple[str, str]] = Counter()
    for video in videos[::max(1, len(videos) // SAMPLED)]:
        counts.update((stem[:at], stem[at + len(video):]) for stem in stems if (at := stem.find(video)) >= 0)
    return [(prefix, suffix) for (prefix, suffix), _ in counts.most_common(8)
            if not (prefix[-1:] + suffix[:1]).isalnum() and not set('{}') & set(prefix + suffix)]


def _described_stream(pattern: str, videos: Iterable[str]) -> str:
    """Return the stream that a description beside the features names."""
    for video in videos:
        path = sidecar_path(pattern.replace('{}', video))
        if path.is_file():
            return str(Sidecar.read(path).encoder['stream'])
    return UNNAMED_STREAM


def _with_columns(streams: Mapping[str, _Pattern], subset_of: Mapping[str, str],
                  columns: Mapping[str, tuple[int, int]]) -> FoundFeatures:
    """Divide files that hold several streams, side by side or as arrays of their own."""
    places = {stream: pattern.path for stream, pattern in streams.items()}
    if len(places) > 1:
        return FoundFeatures(places)
    (stream, place), = places.items()
    for video, subset in subset_of.items():
        file = Path(place.replace('{subset}', subset).replace('{}', video))
        if not file.is_file():
            continue
        names = _arrays_of(file)
        if len(names) > 1:
            return FoundFeatures(dict.fromkeys(names, place))
        width = open_store(place.replace('{subset}', subset), stream, ()).header(video).width
        if columns and width >= max(end for _, end in columns.values()):
            return FoundFeatures(dict.fromkeys(columns, place), dict(columns))
        break
    return FoundFeatures(places)


def _arrays_of(path: Path) -> list[str]:
    """Return the names of the arrays in a file that may hold several, ``rgb`` first; none where it holds one."""
    names: list[str] = []
    if path.suffix == '.npz' and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix('.npy') for name in archive.namelist()]
    elif path.suffix in ('.h5', '.hdf5'):
        with import_h5py().File(path, 'r') as file:
            names = list(file)
    return sorted(names, key=lambda name: (name != UNNAMED_STREAM, name))


def choose_subsets(database: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Choose the subsets to train and to test on, by their names and by what is annotated.

    What begins with ``train`` is trained on; without such, what begins with ``val``, as on THUMOS14; else the only one.
    Of the others one is tested on: the one with segments, where several have some that is called ``test`` or ``val``;
    where none has any, one that is called ``test``.

    Returns:
        ``train``, and perhaps ``test``, to the source's name.

    Raises:
        ValueError: If it cannot be told which is trained on.
    """
    names = list(dict.fromkeys(str(entry.get('subset')) for entry in database.values()))
    training = next((found for word in ('train', 'val') if (found := _called(word, names))), names)
    if len(training) != 1:
        raise ValueError(f'the subsets are {names}, and it cannot be told which to train on. Name it: --subsets '
                         f'train={names[0]} test=...')
    others = [name for name in names if name != training[0]]
    scored = [name for name in others if any(entry.get('annotations') for entry in database.values()
                                             if entry.get('subset') == name)]
    candidates = [*_called('test', scored), *_called('val', scored), *scored] or _called('test', others)
    return dict(train=training[0], **(dict(test=candidates[0]) if candidates else {}))


def _called(word: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.lower().startswith(word)]
