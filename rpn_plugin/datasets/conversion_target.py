"""The folder that a conversion writes: whose it is, what is there already, and what belongs to no video any more."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.datasets.data_folder import ANNOTATIONS, FEATURES
from rpn_plugin.datasets.sidecars import Sidecar, sidecar_path
from rpn_plugin.files import path_inside, read_json, written_whole
from rpn_plugin.foreign_files import map_array, naming

MANIFEST, WRITTEN = 'conversion.json', 'written'
"""Describes the conversion of a folder; under one key are the digests of the files that somebody may change."""
REPLACED = 'annotations-before.json'
"""The annotations that are being replaced, until the new ones are written."""
ANEW = 'Allow it to be replaced (--overwrite), or choose another folder'


class ConversionTarget:
    """A data folder that is being written, ``annotations.json`` last; a part that is there and the same is left alone.

    Args:
        folder: The data folder.
        overwrite: Whether what an earlier conversion wrote there may be replaced and removed.
    """

    def __init__(self, folder: Path, overwrite: bool = False) -> None:
        self.folder = folder
        self.overwrite = overwrite
        self.written = self.kept = 0
        self._belonging: set[Path] = set()

    def claim(self, settings: Mapping[str, Any]) -> None:
        """Take the folder for a conversion with these settings, in plain values.

        Raises:
            ValueError: If it holds the result of another conversion or annotations that somebody changed, and they may
                not be overwritten; or if it was made by no conversion.
        """
        described = json.loads(json.dumps(settings))
        before = self._manifest()
        if before is None and self.folder.exists() and any(self.folder.iterdir()):
            raise ValueError(f'{self.folder}: exists and was not made by a conversion. Choose another folder.')
        if before is not None and not self.overwrite:
            differing = sorted(key for key in described if before.get(key) != described[key])
            if differing:
                raise ValueError(f'{self.folder}: holds another conversion, which differs in {", ".join(differing)}. '
                                 f'{ANEW}.')
        written = (before or {}).get(WRITTEN, {})
        if ANNOTATIONS in written:  # earlier versions noted nothing
            self._require_untouched(ANNOTATIONS, written)
        if self.overwrite:
            with suppress(FileNotFoundError):  # what is half replaced is no data set
                (self.folder / ANNOTATIONS).replace(self.folder / REPLACED)
        self._write_manifest({**described, WRITTEN: written})

    def write_text(self, name: str, text: str) -> None:
        """Write a file of the folder and note its digest, so that what somebody changes in it is not lost later.

        Raises:
            ValueError: If the file is there, was changed since, and may not be overwritten.
        """
        manifest = self._manifest() or {}
        written = manifest.get(WRITTEN, {})
        if name != ANNOTATIONS:  # which were looked at when the folder was claimed
            self._require_untouched(name, written)
        with written_whole(self.folder / name) as temporary:
            temporary.write_text(text, encoding='utf-8')
        self._write_manifest({**manifest, WRITTEN: {**written, name: _digest(self.folder / name)}})

    def write_features(self, stream: str, video: str, array: np.ndarray, where: str, sidecar: Sidecar | None) -> None:
        """Write (T, D) features and, last, what describes them.

        Args:
            stream: Name of the stream.
            video: Name of the video.
            array: As they shall be in the file.
            where: Their source, for messages.
            sidecar: Their description, where the source has one.

        Raises:
            ValueError: If other features are there and may not be overwritten.
        """
        target = path_inside(self.folder / FEATURES / stream, video, '.npy')
        beside = sidecar_path(target)
        self._belonging |= {target, beside} if sidecar else {target}
        if self._is_there(target, array, where):
            self.kept += 1
        else:
            beside.unlink(missing_ok=True)
            with written_whole(target) as temporary:
                np.save(temporary, array)
            self.written += 1
        if sidecar and not (beside.is_file() and Sidecar.read(beside) == sidecar):
            sidecar.write(beside)

    def finish(self, content: Mapping[str, Any]) -> list[str]:
        """Write the annotations; say what changed since the last conversion, and what is left of it."""
        before: dict[str, Any] = {}
        for name in (REPLACED, ANNOTATIONS):
            with suppress(FileNotFoundError, ValueError):  # there may be none, or what somebody made of them
                before = read_json(self.folder / name)
        self.write_text(ANNOTATIONS, json.dumps(content, indent=1))
        (self.folder / REPLACED).unlink(missing_ok=True)
        remarks = _changes(before, json.loads(json.dumps(content))) if before else []
        left = sorted(found for found in self._features() if found not in self._belonging)
        if left and self.overwrite:
            _remove(left)
            remarks.append(f'{len(left)} files of videos or streams that the source has no longer were removed.')
        elif left:
            remarks.append(f'{len(left)} files below {self.folder / FEATURES} belong to no video of the source, the '
                           f'first is {left[0].relative_to(self.folder)}; --overwrite removes them.')
        return remarks

    def _manifest(self) -> dict[str, Any] | None:
        path = self.folder / MANIFEST
        return read_json(path) if path.is_file() else None

    def _write_manifest(self, content: Mapping[str, Any]) -> None:
        with written_whole(self.folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding='utf-8')

    def _require_untouched(self, name: str, written: Mapping[str, str]) -> None:
        path = self.folder / name
        if not self.overwrite and path.is_file() and written.get(name) != _digest(path):
            raise ValueError(f'{path}: somebody changed it since it was written. Keep a copy of it elsewhere, and '
                             f'allow it to be replaced (--overwrite).')

    def _is_there(self, target: Path, array: np.ndarray, where: str) -> bool:
        if not target.is_file():
            return False
        try:
            with naming(target):
                there = map_array(target)
        except ValueError:
            if self.overwrite:
                return False
            raise
        same = there.dtype == array.dtype and np.array_equal(there, array)
        if not same and not self.overwrite:
            raise ValueError(f'{target}: does not hold the values of {where}, which have changed since it was written. '
                             f'{ANEW}.')
        return same

    def _features(self) -> Iterable[Path]:
        """Every file that a conversion may have written for a video."""
        return (path for path in (self.folder / FEATURES).glob('*/*') if path.suffix in ('.npy', '.json'))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()  # or it would count as a stream


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say how annotations differ from those that were there."""
    old, new = before.get('database', {}), now['database']
    counts = dict(added=len(new.keys() - old.keys()), removed=len(old.keys() - new.keys()),
                  changed=sum(old[video] != new[video] for video in old.keys() & new.keys()))
    remarks = []
    if any(counts.values()):
        remarks.append('since the last conversion videos were ' + ', '.join(
            f'{what}: {number}' for what, number in counts.items() if number) + '.')
    if before.get('classes') != now['classes']:
        remarks.append('the classes are not those of the last conversion: train again, earlier checkpoints do not fit.')
    return remarks
