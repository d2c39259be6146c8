"""Reads the official text files of THUMOS14's detection task."""
from __future__ import annotations

from pathlib import Path

from rpn_plugin.datasets.formats.layout import Annotations, DataLayout
from rpn_plugin.thumos_annotations import ThumosAnnotations


def read_thumos14(path: Path) -> Annotations:
    """Read every ``<Class>_{val,test}.txt`` below a folder, with ``Ambiguous_*.txt`` as ambiguous intervals.

    Durations are not in these files.

    Raises:
        ValueError: If there is no such file, a class lacks one, or a line is not ``video start end``.
    """
    read = ThumosAnnotations.read(path)
    bare = [video for video, entry in read.database.items() if not entry['annotations']]
    remarks = (f'{len(bare)} videos have ambiguous intervals only: {", ".join(bare)}.', ) if bare else ()
    return Annotations(read.database, read.classes, ambiguous=read.ambiguous, remarks=remarks)


THUMOS14 = DataLayout('thumos14', 'the official text files, <Class>_val.txt and <Class>_test.txt', read_thumos14)
