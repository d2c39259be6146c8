"""The trimmed clips that a composition may use."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rpn_plugin.datasets.composition.clip_files import list_clips, read_headers
from rpn_plugin.datasets.composition.settings import CompositionSettings
from rpn_plugin.datasets.composition.split_lists import ListedClip, label_of, shared_groups
from rpn_plugin.datasets.feature_stores import FeatureHeader


@dataclass(frozen=True)
class Clip:
    """A trimmed clip.

    Args:
        name: Of its video file, without suffix.
        label: Its class.
        subset: ``train`` or ``test``.
        length: T.
    """

    name: str
    label: str
    subset: str
    length: int


@dataclass(frozen=True)
class ClipCollection:
    """Clips with features in every stream.

    Args:
        clips: Of the action and background classes, by name.
        paths: Stream to clip name to path inside the stream's source.
        widths: Stream to D.
        unused: Reason to the number of clips that cannot be used.
        remarks: What is odd about sources or lists, one sentence each.
    """

    clips: tuple[Clip, ...]
    paths: Mapping[str, Mapping[str, str]]
    widths: Mapping[str, int]
    unused: Mapping[str, int]
    remarks: tuple[str, ...]


def collect_clips(sources: Mapping[str, str | Path], split: Mapping[str, ListedClip],
                  settings: CompositionSettings) -> ClipCollection:
    """Find and check the clips of the classes that are asked for.

    Args:
        sources: Stream to a folder or archive of its features, see ``list_clips``.
        split: Of :func:`read_split`.
        settings: What to compose.

    Raises:
        ValueError: If a class is unknown, a listed clip of one of the classes has no features in a stream, or features
            are unreadable or differ in T between the streams or in D between clips; names file or clip.
    """
    found: dict[str, dict[str, str]] = {}
    remarks = []
    for stream, source in sources.items():
        found[stream], others = list_clips(source)
        if others:
            remarks.append(f'{source}: passed over {others} files that are no .npy.')
    names = sorted(set().union(*found.values()))
    labels = {name: label_of(name, listed, next((paths[name] for paths in found.values() if name in paths), ''))
              for name, listed in split.items()}
    used = _used_classes(settings, split, labels, names)
    wanted = {name: label for name, label in labels.items() if label in used}
    _refuse_missing(sources, found, split, wanted)
    headers = {stream: _headers(source, {name: found[stream][name] for name in wanted})
               for stream, source in sources.items()}
    lengths = _common_lengths(sources, found, headers)
    clips = tuple(Clip(name, wanted[name], split[name].subset, lengths[name]) for name in sorted(wanted))
    groups = shared_groups({name: split[name] for name in wanted})
    if groups:
        remarks.append(f'{len(groups)} groups of UCF101 (clips of one scene) are in both subsets of the split: '
                       f'{", ".join(groups)}.')
    unused = {'not in the split': sum(name not in split for name in names),
              'of other classes': sum(name in split and name not in wanted for name in names)}
    widths = {stream: next(iter(shapes.values())).width for stream, shapes in headers.items()}
    return ClipCollection(clips, {stream: {name: found[stream][name] for name in wanted} for stream in sources}, widths,
                          unused, tuple(remarks))


def _used_classes(settings: CompositionSettings, split: Mapping[str, ListedClip], labels: Mapping[str, str],
                  there: Collection[str]) -> set[str]:
    """Return action and background classes; the default background is every other class that has features."""
    known = sorted(set(labels.values()))
    unknown = sorted({*settings.classes, *(settings.background or ())}.difference(known))
    if unknown:
        lists = ', '.join(sorted({clip.path for clip in split.values()}))
        raise ValueError(f'No clip of {", ".join(unknown)} in {lists}; the classes there are {", ".join(known)}.')
    if settings.background is not None:
        return {*settings.classes, *settings.background}
    return {*settings.classes, *(labels[name] for name in there if name in labels)}


def _refuse_missing(sources: Mapping[str, str | Path], found: Mapping[str, Mapping[str, str]],
                    split: Mapping[str, ListedClip], wanted: Mapping[str, str]) -> None:
    for stream, source in sources.items():
        missing = sorted(wanted.keys() - found[stream].keys())
        if missing:
            lists = ', '.join(sorted({split[name].path for name in missing}))
            raise ValueError(f'{source}: {len(missing)} clips of {lists} have no features of stream {stream}: '
                             f'{abridged(missing)}. Extract them, or take them out of the lists.')


def _headers(source: str | Path, paths: Mapping[str, str]) -> dict[str, FeatureHeader]:
    names = {path: name for name, path in paths.items()}
    headers = {names[path]: header for path, header in read_headers(source, names)}
    width = next(iter(headers.values())).width
    for name, header in headers.items():
        if header.width != width:
            raise ValueError(f'{Path(source, paths[name])}: expected D={width} as in the other clips, but got '
                             f'D={header.width}. Extract all clips with one network.')
    return headers


def _common_lengths(sources: Mapping[str, str | Path], found: Mapping[str, Mapping[str, str]],
                    headers: Mapping[str, Mapping[str, FeatureHeader]]) -> dict[str, int]:
    """Return by clip name the T that all its streams have."""
    first = next(iter(headers))
    for name in headers[first]:
        lengths = {stream: headers[stream][name].length for stream in headers}
        if len(set(lengths.values())) > 1:
            places = ', '.join(f'{Path(sources[stream], found[stream][name])} has {length}'
                               for stream, length in lengths.items())
            raise ValueError(f'Clip {name} has another number of snippets in each stream: {places}. Extract all '
                             f'streams with one stride, or cut them to the shortest.')
    return {name: header.length for name, header in headers[first].items()}


def abridged(names: Sequence[str], limit: int = 10) -> str:
    """List names; of more than ``limit``, the first and how many more."""
    rest = len(names) - limit
    return ', '.join(names[:limit]) + (f' and {rest} more' if rest > 0 else '')
