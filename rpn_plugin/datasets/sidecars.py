"""Descriptions of feature files: a JSON file beside each, written by ``tools/data/extract_features.py``."""
from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from rpn_plugin.files import read_json, written_whole
from rpn_plugin.structures import LONGEST_SEC, SnippetClock

Beside = TypeVar('Beside')
RANDOM_WEIGHTS = 'random'
"""How the weights of an encoder are described that were never trained."""


@dataclass(frozen=True)
class Sidecar:
    """The description of how a feature file was made.

    Args:
        feature: Its recipe, see ``SnippetClock.from_recipe``.
        encoder: What made it: ``stream``, ``flow`` (algorithm, None for RGB), ``frames`` (of a window, which the
            encoder sees), ``resize``, ``crop``, ``backbone`` and ``weights`` (a hash, or that they are random).
        source: The video: ``file``, ``bytes``, ``fps``, ``frames`` and ``duration`` in seconds; ``damage``, where
            there is some, as ``[what, start, end]`` in seconds.
        shape: (T, D).
        version: Of this package.
    """

    feature: Mapping[str, Any]
    encoder: Mapping[str, Any]
    source: Mapping[str, Any]
    shape: Sequence[int]
    version: str

    @property
    def clock(self) -> SnippetClock:
        """The clock of the features."""
        return SnippetClock.from_recipe(self.feature)

    @property
    def duration_sec(self) -> float:
        """Length of the video in seconds.

        Raises:
            ValueError: If it is not stated, or not a plausible one.
        """
        duration = self.source.get('duration')
        if isinstance(duration, bool) or not isinstance(duration, (int, float)) or not 0 < duration <= LONGEST_SEC:
            raise ValueError(f'the video {self.source["file"]} has the duration {duration!r}; expected seconds above 0 '
                             f'and up to {LONGEST_SEC:.0f}')
        return float(duration)

    @property
    def is_dry_run(self) -> bool:
        """Whether the features come from random weights."""
        return str(self.encoder.get('weights')).startswith(RANDOM_WEIGHTS)

    def write(self, path: str | Path) -> None:
        """Write it as JSON, whole or not at all."""
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=1) + '\n', encoding='utf-8')

    @classmethod
    def read(cls, path: str | Path) -> Sidecar:
        """Read a file.

        Raises:
            ValueError: If it is not such a JSON, or its recipe is none.
        """
        try:
            sidecar = cls(**read_json(path))
            sidecar.clock, sidecar.encoder['stream'], sidecar.source['file'], sidecar.duration_sec  # noqa: B018  (complete, or an error)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f'{path}: not a description of features as tools/data/extract_features.py writes it '
                             f'({error}). Remove it if it belongs to something else.') from error
        return sidecar


def sidecar_path(feature_path: str | Path) -> Path:
    """Return the path ``<video>.json`` beside ``<video>.npy``."""
    return Path(feature_path).with_suffix('.json')


def read_sidecars(files: Mapping[str, str | Path]) -> dict[str, Sidecar]:
    """Read the sidecars that there are.

    Args:
        files: Video to its feature file.

    Raises:
        ValueError: If a file in the place of one is none.
    """
    return {video: Sidecar.read(path) for path, video in _existing({path: video for video, path in files.items()})}


def dry_run_note(streams: Iterable[str]) -> str:
    """Return the sentence with which everything is labelled that is made of features of random weights.

    >>> dry_run_note(['rgb'])
    'DRY RUN: the features rgb come from random weights, so no result of them means anything'
    """
    return (f'DRY RUN: the features {" and ".join(streams)} come from random weights, so no result of them means '
            f'anything')


def check_sidecars(streams: Mapping[str, Mapping[str | Path, SnippetClock]]) -> list[str]:
    """Compare the sidecars that there are with what the config says; files without one pass.

    Args:
        streams: Stream name to its feature files, each with the clock that the data set has for it.

    Returns:
        The streams whose features come from random weights.

    Raises:
        ValueError: If features were made with another recipe, are of the other stream, or if those of a stream come
            from different encoders. Names the file and both sides.
    """
    dry_run = []
    for stream, files in streams.items():
        first: tuple[Path, Sidecar] | None = None
        for path, clock in _existing(files):
            sidecar = Sidecar.read(path)
            if sidecar.clock != clock:
                raise ValueError(f'{path}: these features are {sidecar.clock}, but the data set says {clock}. Correct '
                                 f'the recipe (in the annotation file or the config), or extract them again.')
            made_of = sidecar.encoder['stream']
            if {stream, made_of} == {'rgb', 'flow'}:
                raise ValueError(f'{path}: these are features of {made_of}, but the data set reads them as {stream}. '
                                 f'Correct data_prefix.')
            first = first or (path, sidecar)
            if sidecar.encoder != first[1].encoder:
                raise ValueError(f'Features of one stream come from different encoders: {first[0]} from '
                                 f'{_difference(first[1], sidecar)}, but {path} from '
                                 f'{_difference(sidecar, first[1])}. Extract them with the same.')
        if first and first[1].is_dry_run:
            dry_run.append(stream)
    return dry_run


def _difference(one: Sidecar, other: Sidecar) -> dict[str, Any]:
    return {key: value for key, value in one.encoder.items() if other.encoder.get(key) != value}


def _existing(files: Mapping[str | Path, Beside]) -> Iterator[tuple[Path, Beside]]:
    """Yield the sidecars that exist, each with what is given of its features, by one listing per folder."""
    listings: dict[str, set[str]] = {}
    for path, beside in files.items():
        folder, name = os.path.split(path)
        if folder not in listings:
            there = os.listdir(folder or '.') if os.path.isdir(folder or '.') else []
            listings[folder] = {other for other in there if other.endswith('.json')}
        if listings[folder] and sidecar_path(name).name in listings[folder]:
            yield sidecar_path(path), beside
