"""Writes composed videos in the layout that ``UntrimmedFeatureDataset`` reads."""
from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.datasets.composition.clip_files import read_arrays
from rpn_plugin.datasets.composition.clips import ClipCollection, abridged, collect_clips
from rpn_plugin.datasets.composition.plan import Piece, plan_subset
from rpn_plugin.datasets.composition.settings import SUBSETS, CompositionSettings
from rpn_plugin.datasets.composition.split_lists import read_split
from rpn_plugin.datasets.composition.statistics import summarize
from rpn_plugin.files import folder_written_whole, path_inside

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]


@dataclass(frozen=True)
class Composition:
    """The result of a composition.

    Args:
        ann_file: The annotation file.
        statistics: Subset to what ``summarize`` says of it.
        used: Kind of use to its number of clips.
        unused: Reason to the number of clips that are in no video.
        remarks: What is odd about the clips or turned out otherwise than asked, one sentence each.
    """

    ann_file: Path
    statistics: Mapping[str, Mapping[str, Any]]
    used: Mapping[str, int]
    unused: Mapping[str, int]
    remarks: tuple[str, ...]


def compose(sources: Mapping[str, str | Path], split: Sequence[str | Path], settings: CompositionSettings,
            out: str | Path, overwrite: bool = False,
            progress: Progress = lambda items, what, number: items) -> Composition:
    """Write ``annotations.json`` and ``features/<stream>/<video>.npy`` under ``out``, whole or not at all.

    The same clips, lists and settings give the same bytes, wherever and in whatever order the clips lie.

    Args:
        sources: Stream to the folder or archive of its clips' features, see ``list_clips``.
        split: Split lists of UCF101 or HMDB51, see ``read_split``.
        settings: What to make.
        out: Folder to write.
        overwrite: Whether a composition that is there may be replaced.
        progress: Called with an iterable, what is done and how many items there are; yields the items.

    Raises:
        FileExistsError: If ``out`` is there and may not be replaced, or is no composition.
        ValueError: If clips, lists or settings are at fault; names file or clip and says what to do.
    """
    out = Path(out)
    _refuse_to_replace(out, sources)
    with folder_written_whole(out, overwrite) as temporary:
        clips = collect_clips(sources, read_split(split), settings)
        plans = {subset: plan_subset(settings, clips.clips, subset) for subset in SUBSETS}
        videos = {f'{subset}_{index:04d}': pieces for subset, plan in plans.items()
                  for index, pieces in enumerate(plan.videos)}
        digests: dict[str, bytes] = {}
        for stream, source in sources.items():
            folder = temporary / 'features' / stream
            folder.mkdir(parents=True)
            digests |= _write_pieces(folder, stream, source, clips, videos, settings.dtype, progress)
            _soften(folder, videos, settings)
        database = {video: _entry(video, pieces, settings) for video, pieces in videos.items()}
        feature = dict(fps=settings.clock.fps, snippet_stride=settings.clock.stride_frames,
                       window=settings.clock.window_frames)
        content = dict(version='1', classes=settings.classes, feature=feature, composition=_described(settings, split),
                       database=database)
        (temporary / 'annotations.json').write_text(json.dumps(content, indent=1), encoding='utf-8')
    used: Counter[str] = Counter()
    unused = Counter(clips.unused)
    for plan in plans.values():
        used.update(plan.used)
        unused.update(plan.unused)
    return Composition(out / 'annotations.json', {subset: summarize(content, subset) for subset in SUBSETS}, used,
                       unused, (*clips.remarks, *(remark for plan in plans.values() for remark in plan.remarks),
                                *_equal_clips(digests, videos)))


def _refuse_to_replace(out: Path, sources: Mapping[str, str | Path]) -> None:
    inside = [str(source) for source in sources.values() if Path(source).resolve().is_relative_to(out.resolve())]
    if inside:
        raise ValueError(f'{out}: the clips\' features {", ".join(inside)} lie in it. Name another folder to write.')
    if out.exists() and not (out / 'annotations.json').is_file():
        raise FileExistsError(f'{out} is there already and is no data set (it has no annotations.json), so that it is '
                              f'not replaced. Name another folder.')


def _write_pieces(folder: Path, stream: str, source: str | Path, clips: ClipCollection,
                  videos: Mapping[str, Sequence[Piece]], dtype: str, progress: Progress) -> dict[str, bytes]:
    """Write every piece to its place; the source is read once, in its own order. Digest of each clip used."""
    places = {}
    for video, pieces in videos.items():
        shape = pieces[-1].end, clips.widths[stream]
        np.lib.format.open_memmap(path_inside(folder, video, '.npy'), 'w+', dtype, shape)
        places.update({clips.paths[stream][piece.clip.name]: (video, piece) for piece in pieces})
    digests = {}
    for path, array in progress(read_arrays(source, places), f'composing {stream}', len(places)):
        video, piece = places[path]
        with np.errstate(over='ignore'):
            values = array.astype(dtype)
        if not np.isfinite(values).all():
            raise ValueError(f'{Path(source, path)}: {np.abs(array).max():g} is too large for {dtype}. Ask for a wider '
                             f'dtype.')
        digests[piece.clip.name] = hashlib.sha256(array.tobytes()).digest()
        features = np.lib.format.open_memmap(folder / f'{video}.npy', 'r+')
        features[piece.start:piece.end] = values[piece.clip_start:piece.clip_start + piece.end - piece.start]
    return digests


def _soften(folder: Path, videos: Mapping[str, Sequence[Piece]], settings: CompositionSettings) -> None:
    """Fade the ends of instances into the snippet beside them; background stays as it is.

    A linear cross-fade of 2 n snippets through the border has the weights 1 / (2n + 1) to 2n / (2n + 1); the instance
    gets its half of it, so that more than half of each of its snippets is its own.
    """
    number = settings.soft_snippets
    if not number:
        return
    own = ((np.arange(number) + number + 1) / (2 * number + 1)).astype(np.float32)[:, None]  # (n, 1)
    for video, pieces in videos.items():
        features = np.lib.format.open_memmap(folder / f'{video}.npy', 'r+')
        hard = features.astype(np.promote_types(features.dtype, np.float32))
        for piece in pieces:
            if piece.clip.label not in settings.classes:
                continue
            if piece.start > 0:
                begin = slice(piece.start, piece.start + number)
                features[begin] = own * hard[begin] + (1 - own) * hard[piece.start - 1]
            if piece.end < len(hard):
                end = slice(piece.end - number, piece.end)
                features[end] = own[::-1] * hard[end] + (1 - own[::-1]) * hard[piece.end]


def _entry(video: str, pieces: Sequence[Piece], settings: CompositionSettings) -> dict[str, Any]:
    clock = settings.clock
    return dict(
        subset=video.rsplit('_', 1)[0],
        duration=clock.duration_sec(pieces[-1].end),
        fps=clock.fps,
        annotations=[dict(label=piece.clip.label, segment=[clock.to_seconds(piece.start), clock.to_seconds(piece.end)])
                     for piece in pieces if piece.clip.label in settings.classes],
        pieces=[dict(clip=piece.clip.name, label=piece.clip.label, snippets=[piece.start, piece.end],
                     clip_start=piece.clip_start) for piece in pieces])


def _described(settings: CompositionSettings, split: Sequence[str | Path]) -> dict[str, Any]:
    """Return the settings as values for the annotation file."""
    asked = {name: value for name, value in vars(settings).items() if name not in ('clock', 'classes')}
    return {**asked, 'pairs': [[*pair, probability] for pair, probability in settings.pairs.items()],
            'split': sorted(Path(path).name for path in split)}


def _equal_clips(digests: Mapping[str, bytes], videos: Mapping[str, Sequence[Piece]]) -> list[str]:
    """Return a sentence on clips of different names with equal features, if there are any."""
    subset = {piece.clip.name: piece.clip.subset for pieces in videos.values() for piece in pieces}
    alike: dict[bytes, list[str]] = {}
    for name, digest in sorted(digests.items()):
        alike.setdefault(digest, []).append(name)
    equal = [names for names in alike.values() if len(names) > 1]
    if not equal:
        return []
    across = sum(len({subset[name] for name in names}) > 1 for names in equal)
    return [f'{len(equal)} times, clips of different names have the same features ({across} times across train and '
            f'test): {abridged([" = ".join(names[:2]) for names in equal])}. To use such features once, take all but '
            f'one of their clips out of the split lists.']
