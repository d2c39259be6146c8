"""The folder that a conversion writes: whose it is, what is there already, and what belongs to no video any more."""
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.datasets.data_folder import ANNOTATIONS, FEATURES
from rpn_plugin.datasets.sidecars import Sidecar, sidecar_path
from rpn_plugin.files import path_inside, read_json, written_whole
from rpn_plugin.foreign_files import map_array, naming

MANIFEST = 'conversion.json'
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
            ValueError: If it holds the result of another conversion and may not be overwritten, or was made by none.
        """
        described = json.loads(json.dumps(settings))
        manifest = self.folder / MANIFEST
        if manifest.is_file() and not self.overwrite:
            before = read_json(manifest)
            differing = sorted(key for key in described if before.get(key) != described[key])
            if differing:
                raise ValueError(f'{self.folder}: holds another conversion, which differs in {", ".join(differing)}. '
                                 f'{ANEW}.')
        elif not manifest.is_file() and self.folder.exists() and any(self.folder.iterdir()):
            raise ValueError(f'{self.folder}: exists and was not made by a conversion. Choose another folder.')
        if self.overwrite:
            (self.folder / ANNOTATIONS).unlink(missing_ok=True)  # what is half replaced is no data set
        with written_whole(manifest) as temporary:
            temporary.write_text(json.dumps(described, indent=1), encoding='utf-8')

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
        path = self.folder / ANNOTATIONS
        before = read_json(path) if path.is_file() else None
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding='utf-8')
        remarks = _changes(before, json.loads(json.dumps(content))) if before else []
        left = sorted(found for found in self._features() if found not in self._belonging)
        if left and self.overwrite:
            _remove(left)
            remarks.append(f'{len(left)} files of videos or streams that the source has no longer were removed.')
        elif left:
            remarks.append(f'{len(left)} files below {self.folder / FEATURES} belong to no video of the source, the '
                           f'first is {left[0].relative_to(self.folder)}; --overwrite removes them.')
        return remarks

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
