"""Checks of the shapes of features. No value is read."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from statistics import median

from rpn_plugin.datasets.checking.subset import CheckedSubset, VideoSubset
from rpn_plugin.datasets.faults import ERROR, WARNING, Fault
from rpn_plugin.datasets.feature_stores import FeatureHeader, FeatureStore
from rpn_plugin.datasets.slow_storage import map_files
from rpn_plugin.structures import bare_name

Headers = dict[str, dict[str, FeatureHeader]]
TOO_LONG = 30
"""A video of so many times the median T is odd; THUMOS14's longest has 8 times."""
ONE_ARRAY = ('.npy', '.csv', '.npy[*]')
"""Ends of places whose files hold one array per video; others may hold one for each stream."""


def check_headers(checked: CheckedSubset) -> None:
    """Find features that are missing, unreadable or of another shape, and streams that do not fit; fill in ``headers``.

    Videos whose features cannot be used are errors, or with ``skip_missing`` warnings as long as any are left.
    """
    subset = checked.subset
    if not subset.stores:
        return
    check_places(checked)
    if _add_empty_streams(checked):
        return
    headers, faults = _read(subset)
    widths = expected_widths(subset, headers)
    severity = WARNING if subset.skip_missing and len(faults) < len(subset.videos) else ERROR
    for video, fault in faults.items():
        checked.add_fault(fault, video, severity=severity)
    for video, found in headers.items():
        if _has_width(checked, video, found, widths) and _fits_together(checked, video, found):
            checked.headers[video] = found
    _check_lengths(checked)


def check_places(checked: CheckedSubset) -> None:
    """Find streams that read the same place, or a place that is named after another stream."""
    stores = checked.subset.stores
    for (one, first), (two, second) in combinations(stores.items(), 2):
        places = first.where('*'), second.where('*')
        if same_place(first, second):
            checked.add('streams-equal', f'{one} and {two} both read {places[0]}')
        # what the two paths share says nothing about which stream each is
        words = [set(re.findall('[a-z0-9]+', place.lower())) for place in places]
        if one in words[1] - words[0] and two in words[0] - words[1]:
            checked.add('streams-swapped', f'{one} reads {places[0]}, and {two} reads {places[1]}')


def same_place(first: FeatureStore, second: FeatureStore) -> bool:
    """Return whether two stores read the very same arrays; False for files that may hold an array per stream."""
    place = first.where('*')
    return place == second.where('*') and first.columns == second.columns and place.endswith(ONE_ARRAY)


def expected_widths(subset: VideoSubset, headers: Headers) -> dict[str, int]:
    """Return the expected D per stream: the config's, else the most common.

    Where every file has another D but the same T, files are transposed, and that T is D.
    """
    widths = {}
    for stream in subset.stores:
        lengths, common = (Counter(getattr(found[stream], axis) for found in headers.values())
                           for axis in ('length', 'width'))
        transposed = len(lengths) == 1 and len(common) > max(1, len(headers) // 2)
        if headers:
            widths[stream] = subset.feature_dim or (lengths if transposed else common).most_common(1)[0][0]
    return widths


def _add_empty_streams(checked: CheckedSubset) -> bool:
    """Find streams that have none of several videos, one finding for all; tell whether there is one."""
    videos = checked.subset.videos
    found = False
    for store in checked.subset.stores.values() if len(videos) > 1 else ():
        there = store.videos()
        if videos.keys().isdisjoint(there):
            found = True
            first, place = next(iter(videos)), store.where('*')
            others = [name for name in there if bare_name(name) == bare_name(first)]
            reason = 'there is no such folder' if not Path(place).parent.is_dir() else \
                'there is no such file' if not there else f'the {len(there)} files there are of others'
            fault = Fault('features-missing', f'{place}: none of the {len(videos)} videos is there, such as {first}; '
                                              f'{reason}')
            checked.add_fault(_with_hint(fault, set(others)), *videos)
    return found


def _read(subset: VideoSubset) -> tuple[Headers, dict[str, Fault]]:
    """Return the shapes by video and stream, and for the other videos the fault."""
    videos = list(subset.videos)

    def look(video: str) -> dict[str, FeatureHeader] | Fault:
        try:
            return {stream: store.header(video) for stream, store in subset.stores.items()}
        except Fault as fault:
            return fault

    headers, faults = {}, {}
    for video, found in zip(videos, map_files(look, videos)):
        if isinstance(found, Fault):
            faults[video] = found
        else:
            headers[video] = found
    if any(fault.code == 'features-missing' for fault in faults.values()):
        there: dict[str, set[str]] = {}
        for name in {name for store in subset.stores.values() for name in store.videos()}:
            there.setdefault(bare_name(name), set()).add(name)
        faults = {video: _with_hint(fault, there.get(bare_name(video), set()) - {video})
                  for video, fault in faults.items()}
    return headers, faults


def _with_hint(fault: Fault, others: set[str]) -> Fault:
    """Say that missing features are there under another form of the name."""
    if fault.code != 'features-missing' or not others:
        return fault
    return Fault(fault.code, f'{fault}, but there is {", ".join(sorted(others))}: say how files are named by a pattern '
                             f'with {{}} in place of the video')


def _has_width(checked: CheckedSubset, video: str, found: dict[str, FeatureHeader], widths: dict[str, int]) -> bool:
    for stream, header in found.items():
        if header.width == widths[stream]:
            continue
        where = checked.subset.stores[stream].where(video)
        if header.length == widths[stream]:
            checked.add('features-transposed', f'{where}: expected (T, {widths[stream]}), but got '
                                               f'({header.length}, {header.width})', video)
        else:
            checked.add('features-width', f'{where}: expected D={widths[stream]}, but got D={header.width}', video)
        return False
    return True


def _fits_together(checked: CheckedSubset, video: str, found: dict[str, FeatureHeader]) -> bool:
    lengths = {stream: header.length for stream, header in found.items()}
    gap = max(lengths.values()) - min(lengths.values())
    most = checked.subset.max_stream_gap
    have = f'{checked.subset.annotations.path}: the streams of video {video} have {lengths} snippets'
    if gap > most:
        checked.add('streams-mismatched', f'{have}; expected a difference of at most {most} (max_stream_gap)', video)
    elif gap:
        checked.add('streams-uneven', have, video)
    return gap <= most


def _check_lengths(checked: CheckedSubset) -> None:
    lengths = {video: checked.num_snippets(video) for video in checked.headers}
    usual = median(lengths.values()) if lengths else 0
    for video, length in lengths.items():
        where = _first_place(checked, video)
        if length == 1:
            checked.add('video-short', f'{where}: T=1', video)
        elif length > TOO_LONG * usual:
            checked.add('video-long', f'{where}: T={length}, and the median is {usual:g}', video)


def _first_place(checked: CheckedSubset, video: str) -> str:
    return next(iter(checked.subset.stores.values())).where(video)


def extra_videos(subsets: Iterable[VideoSubset]) -> dict[str, list[str]]:
    """Return by place the features that belong to no video of any annotation file that reads the place."""
    there: dict[str, set[str]] = {}
    annotated: dict[str, set[str]] = {}
    for subset in subsets:
        for store in subset.stores.values():
            place = store.where('*')
            there.setdefault(place, set()).update(store.videos())
            annotated.setdefault(place, set()).update(subset.annotations.database)
    return {place: sorted(names - annotated[place]) for place, names in there.items()}
