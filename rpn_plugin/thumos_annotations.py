"""The official text files of THUMOS14's detection task: ``<Class>_{val,test}.txt``, lines ``video start end``."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rpn_plugin.files import read_text

SUBSETS = {'val': 'validation', 'test': 'test'}


@dataclass(frozen=True)
class ThumosAnnotations:
    """What a folder of these files says.

    Args:
        database: ``{subset, annotations: [{label, segment}]}`` by video, in the order of their names; a video of which
            every interval is ambiguous stays, without annotations.
        classes: Names in alphabetical order, which is that of ``detclasslist.txt``.
        ambiguous: [start, end] in seconds by video, of ``Ambiguous_*.txt``.
    """

    database: dict[str, dict[str, Any]]
    classes: tuple[str, ...]
    ambiguous: dict[str, list[list[float]]]

    @classmethod
    def read(cls, path: Path) -> ThumosAnnotations:
        """Read every such file below a folder.

        Raises:
            ValueError: If there is none, a class lacks one, or a line is not ``video start end``.
        """
        files = {(name, subset): file for subset in SUBSETS for file in sorted(path.rglob(f'*_{subset}.txt'))
                 for name in (file.name.removesuffix(f'_{subset}.txt'), )}
        classes = tuple(sorted({name for name, _ in files} - {'Ambiguous'}))
        if not classes:
            raise ValueError(f"{path}: no <Class>_val.txt or <Class>_test.txt below it; give the folder of THUMOS14's "
                             f'temporal annotations.')
        for subset in {subset for _, subset in files}:
            lacking = [name for name in classes if (name, subset) not in files]
            if lacking:
                raise ValueError(f'{path}: no file {", ".join(f"{name}_{subset}.txt" for name in lacking)}.')
        database: dict[str, dict[str, Any]] = {}
        ambiguous: dict[str, list[list[float]]] = {}
        for (name, subset), file in sorted(files.items()):
            for video, segments in read_intervals(file).items():
                entry = database.setdefault(video, dict(subset=SUBSETS[subset], annotations=[]))
                if name == 'Ambiguous':
                    ambiguous[video] = segments
                else:
                    entry['annotations'] += [dict(label=name, segment=segment) for segment in segments]
        for entry in database.values():
            entry['annotations'].sort(key=lambda annotation: annotation['segment'])
        return cls(dict(sorted(database.items())), classes, ambiguous)


def read_intervals(file: Path) -> dict[str, list[list[float]]]:
    """Read lines ``video start end`` into intervals in seconds by video.

    Raises:
        ValueError: Names file, line and text of the first line of another form.
    """
    intervals: dict[str, list[list[float]]] = {}
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            video, start, end = words
            intervals.setdefault(video, []).append([float(start), float(end)])
        except ValueError as error:
            raise ValueError(f'{file}: line {number} is {line!r}; expected "video start end" with seconds.') from error
    return intervals
