"""Reads the layout of BaS-Net, CoLA, ASL and ACM-Net."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rpn_plugin.datasets.formats.layout import Annotations, DataLayout, require_instances
from rpn_plugin.datasets.formats.plugin_json import read_database
from rpn_plugin.files import read_text, shown

RECIPE = dict(fps=25, snippet_stride=16, window=16)


def read_basnet(path: Path) -> Annotations:
    """Read ``gt.json``, whose segment borders are strings, or the folder that holds it.

    Lists ``split_<subset>.txt`` beside it say which of its videos are used.

    Raises:
        ValueError: If a border is no number, or a listed video is not in the file or in another subset.
    """
    file = path / 'gt.json' if path.is_dir() else path
    database = {video: {**entry, 'annotations': [_annotation(file, video, annotation)
                                                 for annotation in require_instances(file, video, entry)]}
                for video, entry in read_database(file)['database'].items()}
    remarks = []
    for subset in sorted({str(entry.get('subset')) for entry in database.values()}):
        split = file.with_name(f'split_{subset}.txt')
        if not split.is_file():
            continue
        listed = dict.fromkeys(read_text(split).split())
        strange = [video for video in listed if database.get(video, {}).get('subset') != subset]
        if strange:
            raise ValueError(f'{split}: lists the videos {strange}, which {file.name} does not have in subset '
                             f'{subset!r}.')
        dropped = [video for video, entry in database.items() if entry['subset'] == subset and video not in listed]
        if dropped:
            remarks.append(f'{split.name} leaves out {len(dropped)} videos of {file.name}: {", ".join(dropped)}.')
        database = {video: entry for video, entry in database.items() if video not in dropped}
    return Annotations(database, remarks=tuple(remarks))


def _annotation(file: Path, video: str, annotation: Mapping[str, Any]) -> dict[str, Any]:
    try:
        start, end = (float(border) for border in annotation['segment'])
        return dict(label=annotation['label'], segment=[start, end])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f'{file}: video {video} has the annotation {shown(annotation)}; expected {{"label", '
                         f'"segment": [start, end]}} with seconds.') from error


BASNET = DataLayout('basnet',
                    'BaS-Net, CoLA, ASL, ACM-Net: gt.json, split_{train,test}.txt, features/<subset>/<stream>/',
                    read_basnet, RECIPE)
