"""Finds the subsets that a config or an annotation file names."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmaction.registry import DATASETS

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.checking.subset import VideoSubset, agreed_recipe, open_stores
from rpn_plugin.datasets.faults import WARNING, Fault, Finding
from rpn_plugin.datasets.formats import get_layout
from rpn_plugin.datasets.untrimmed_feature_dataset import UntrimmedFeatureDataset
from rpn_plugin.json_text import DuplicateKeyError

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


@dataclass
class Sources:
    """Subsets that could be opened, and findings about the others."""

    subsets: list[VideoSubset] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def subsets_of_config(config: Mapping[str, Any]) -> Sources:
    """Open the datasets of a training config's loaders, each once.

    Raises:
        ValueError: If there is no :class:`UntrimmedFeatureDataset` among them.
    """
    settings: list[Mapping[str, Any]] = []
    for loader in LOADERS:
        for found in _datasets(config.get(loader) or {}):
            if found not in settings:
                settings.append(found)
    if not settings:
        raise ValueError(f'Expected an UntrimmedFeatureDataset in {", ".join(LOADERS)} of the config, but got none.')
    sources = Sources()
    for each in settings:
        try:
            sources.subsets.append(DATASETS.build({**each, 'pipeline': [], 'lazy_init': True}).open_subset())
        except (ValueError, OSError) as error:
            sources.findings.append(_unreadable(error, each['subset']))
    return sources


def _datasets(node: Any) -> Iterator[Mapping[str, Any]]:
    """Find our datasets in a loader's config, also inside wrappers such as ``RepeatDataset``."""
    if isinstance(node, Mapping) and node.get('type') in (UntrimmedFeatureDataset.__name__, UntrimmedFeatureDataset):
        yield node
    elif isinstance(node, (Mapping, list, tuple)):
        for part in node.values() if isinstance(node, Mapping) else node:
            yield from _datasets(part)


def subsets_of_annotations(path: str, layout: str, features: Mapping[str, str], recipe: Mapping[str, Any] | None,
                           columns: Mapping[str, Sequence[int]] | None = None) -> Sources:
    """Open all subsets of an annotation file.

    What begins with ``train`` is trained on; without such, what begins with ``val``, as on THUMOS14. The rest is for
    testing; such a subset of which every annotation is withheld, as ActivityNet's, is left out with a warning.

    Args:
        path: The file or folder that the layout has.
        layout: By name, see ``rpn_plugin.datasets.formats``.
        features: Stream to its features, see :func:`open_store`; ``{subset}`` stands for the name of the subset. May be
            empty.
        recipe: Of the features; None takes what the file or the layout states.
        columns: Stream to the range of its channels; None takes those of the layout.
    """
    sources = Sources()
    try:
        annotations = _read(path, layout, sources)
        recipe = agreed_recipe(annotations, recipe)
    except (ValueError, OSError) as error:
        sources.findings.append(_unreadable(error))
        return sources
    by_subset: dict[Any, list[str]] = {}
    for video, entry in annotations.database.items():
        by_subset.setdefault(entry.get('subset'), []).append(video)
    start = 'train' if any(str(name).lower().startswith('train') for name in by_subset) else 'val'
    for name, videos in by_subset.items():
        training = str(name).lower().startswith(start)
        if not isinstance(name, str):
            sources.findings.append(Finding('entry-malformed', f'{path}: {len(videos)} videos, of which one is '
                                                               f'{videos[0]}, have the subset {name!r}',
                                            videos=tuple(videos)))
        elif not training and not any(annotations.database[video].get(key) for video in videos
                                      for key in ('annotations', 'labels')):
            sources.findings.append(Finding('no-instance', f'{path}: none of the {len(videos)} videos of subset {name} '
                                                           f'is annotated; they are left out', name, tuple(videos)))
        else:
            places = {stream: where.replace('{subset}', name) for stream, where in features.items()}
            try:
                stores = open_stores(annotations, places, annotations.layout.columns if columns is None else columns)
                sources.subsets.append(VideoSubset(annotations, name, training, stores, recipe))
            except Fault as fault:
                sources.findings.append(_unreadable(fault, name))
    sources.subsets.sort(key=lambda subset: not subset.training)
    return sources


def _read(path: str, layout: str, sources: Sources) -> AnnotationFile:
    """Read annotations; where they pin no class order, that of the names takes its place, with a warning."""
    try:
        return AnnotationFile.read(path, None, layout)
    except Fault as fault:
        if fault.code != 'class-unpinned':
            raise
        sources.findings.append(Finding(fault.code, f'{path}: here they are in the order of their names',
                                        severity=WARNING))
    unpinned = AnnotationFile(path, (), None, get_layout(layout).open(Path(path)).database, get_layout(layout))
    labels: set[str] = set()
    for video in unpinned.database:
        try:
            labels |= unpinned.label_names(video)
        except Fault:  # found again when the subset is checked
            continue
    return AnnotationFile.read(path, sorted(labels, key=str), layout)


def _unreadable(error: Exception, subset: str = '') -> Finding:
    if isinstance(error, Fault):
        code = error.code
    else:
        code = 'duplicated-key' if isinstance(error, DuplicateKeyError) else 'annotations-unreadable'
    return Finding(code, str(error), subset)
