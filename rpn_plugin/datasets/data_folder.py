"""Reads off a data folder what a config has to know of it, so that nobody types widths or class counts."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.feature_stores import open_store

ANNOTATIONS = 'annotations.json'
FEATURES = 'features'


@dataclass(frozen=True)
class DataFolder:
    """A folder of the plugin's own form: ``annotations.json`` and ``features/<stream>/``.

    Args:
        num_classes: C, as the annotations pin them.
        widths: Stream to D, the width of its features; ``rgb`` first, then by name.
    """

    num_classes: int
    widths: dict[str, int]


def read_data_folder(root: str | Path) -> DataFolder:
    """Read the annotations' classes and one header of every stream.

    A function, since a config may import one: the host leaves functions out of the config, and classes not.

    Raises:
        FileNotFoundError: If the folder, its annotations or its features are not there.
        ValueError: If the annotations or a feature file of a stream cannot be read.
    """
    root = Path(root)
    if not (root / ANNOTATIONS).is_file():
        raise FileNotFoundError(f'{root}: expected a data folder with {ANNOTATIONS} and {FEATURES}/<stream>/, as '
                                f'tools/data/convert.py writes it, but there is no {ANNOTATIONS}.')
    features = root / FEATURES
    streams = sorted((entry.name for entry in features.iterdir() if entry.is_dir() and entry.name[0] != '.'),
                     key=lambda name: (name != 'rgb', name)) if features.is_dir() else []
    if not streams:
        raise FileNotFoundError(f'{root}: expected one folder of feature files per stream below {FEATURES}, but '
                                f'there is none.')
    annotations = AnnotationFile.read(root / ANNOTATIONS)
    return DataFolder(len(annotations.classes), {stream: _width(annotations, str(features / stream), stream)
                                                 for stream in streams})


def _width(annotations: AnnotationFile, folder: str, stream: str) -> int:
    """Return D of the first training video's file; of any file where there is none."""
    store = open_store(folder, stream, ())
    videos = store.videos()
    if not videos:
        raise FileNotFoundError(f'{folder}: expected feature files, but there is none.')
    known = set(videos)
    training = (video for video, entry in annotations.database.items()
                if entry.get('subset') == 'train' and video in known)
    return store.header(next(training, videos[0])).width
