"""Converts any known layout into the plugin's own: ``annotations.json`` and ``features/<stream>/<video>.npy``."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.checking import CheckedSubset, VideoSubset
from rpn_plugin.datasets.checking.headers import check_headers
from rpn_plugin.datasets.checking.times import check_durations, describe_fit
from rpn_plugin.datasets.conversion_target import ConversionTarget
from rpn_plugin.datasets.data_folder import ANNOTATIONS
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.feature_stores import FeatureStore, FilePerVideo, check_finite, open_store
from rpn_plugin.datasets.formats import Annotations, DataLayout, get_layout, require_instances, require_labels
from rpn_plugin.datasets.sidecars import Sidecar, check_sidecars, dry_run_note, read_sidecars
from rpn_plugin.files import unsafe_name
from rpn_plugin.structures import describe_recipe, same_recipe

DTYPES = ('keep', 'float16', 'float32')


@dataclass(frozen=True)
class Conversion:
    """A conversion: its source and its settings.

    Args:
        layout: Name of the source's layout.
        annotations: Its annotation file or folder.
        features: Stream to its features, see :func:`open_store`; ``{subset}`` stands for the source's name of a subset.
        subsets: New name of a subset to the source's; None keeps all, as they are named.
        recipe: Recipe of the features; None takes that of their sidecars or of the source, else that of its layout.
            Annotations without features need none.
        columns: Stream to the range of its channels; None takes those of the layout.
        classes: Class names in order; None takes the source's order, else the alphabetical one.
        dtype: ``keep`` (float64 becomes float32), ``float16`` or ``float32``.
        missing: ``error`` refuses annotated videos without features; ``skip`` leaves them out of the result.
    """

    layout: str
    annotations: str
    features: Mapping[str, str] = field(default_factory=dict)
    subsets: Mapping[str, str] | None = None
    recipe: Mapping[str, Any] | None = None
    columns: Mapping[str, Sequence[int]] | None = None
    classes: Sequence[str] | None = None
    dtype: str = 'keep'
    missing: str = 'error'


@dataclass(frozen=True)
class ConversionResult:
    """The result of a conversion.

    Args:
        path: The annotation file.
        written: How many feature files were written.
        kept: How many were there from an interrupted run.
        skipped: Videos left out, each with the reason.
        remarks: What is odd about the source or was decided, one sentence each.
    """

    path: Path
    written: int
    kept: int
    skipped: list[str]
    remarks: list[str]


def convert(job: Conversion, out: str | Path, progress: Callable[[Iterable[str]], Iterable[str]] = iter,
            overwrite: bool = False) -> ConversionResult:
    """Convert into a folder, one video at a time.

    Feature files appear whole or not at all, and the annotation file last, so that an interrupted run is continued by
    running it again. The source is never written to, and its files are never unpickled. Sidecars of the features go
    with them, and give the recipe and the durations that the annotations leave out.

    Args:
        job: What to convert.
        out: Folder to write.
        progress: Wraps the iteration over the videos, for a progress bar.
        overwrite: Replace what an earlier conversion wrote to the folder and is not the same now, and remove what the
            source has no longer.

    Raises:
        ValueError: If the source is not what it should be, or ``out`` holds the result of another conversion.
    """
    if job.dtype not in DTYPES or job.missing not in ('error', 'skip'):
        raise ValueError(f'Expected a dtype of {DTYPES} and missing of error or skip, but got {job.dtype!r} and '
                         f'{job.missing!r}.')
    layout = get_layout(job.layout)
    source = layout.open(Path(job.annotations))
    remarks = list(source.remarks)
    database = _chosen(source, job)
    stores = _stores(job, layout.columns if job.columns is None else job.columns, source)
    sidecars = _sidecars(job, source, database, stores)
    classes = _classes(job, source, database, remarks)
    recipe = _recipe(job, source, layout, sidecars, remarks)
    if recipe is None and job.features:
        told = _told_by_durations(job, replace(source, database=database), classes, stores)
        raise ValueError(f'{job.annotations}: neither it nor its layout says when each feature was seen, and no '
                         f'description lies beside the features. State their recipe (--recipe fps=25 stride=16); '
                         f'{told}.')
    _add_durations(database, sidecars, remarks)
    _require_readable(replace(source, database=database, recipe=recipe), classes, job, layout)
    skipped = _without_features(job, database, stores)
    target = ConversionTarget(Path(out), overwrite)
    target.claim(job.__dict__)
    for video in progress([video for video in database if video not in skipped]):
        for stream in job.features:
            store = stores[stream, source.database[video]['subset']]
            array = _cast(store.open(video), job.dtype, store.where(video))
            check_finite(array, store.where(video))
            sidecar = sidecars.get((stream, video))
            target.write_features(stream, video, array, store.where(video),
                                  sidecar and replace(sidecar, shape=list(array.shape)))
    stated = {} if recipe is None else dict(feature=dict(recipe))
    content = dict(classes=classes, **stated, source=dict(layout=layout.name, remarks=list(remarks)),
                   database={video: entry for video, entry in database.items() if video not in skipped})
    random = list(dict.fromkeys(stream for (stream, _), sidecar in sidecars.items() if sidecar.is_dry_run))
    if random:
        note = f'{dry_run_note(random)}.'
        content.update(note=note)
        remarks.append(note)
    if source.ambiguous:
        content['ambiguous'] = {video: intervals for video, intervals in source.ambiguous.items()
                                if video in content['database']}
    remarks += target.finish(content)
    return ConversionResult(Path(out) / ANNOTATIONS, target.written, target.kept, list(skipped.values()), remarks)


def _chosen(source: Annotations, job: Conversion) -> dict[str, dict[str, Any]]:
    """Return the videos of the subsets asked for, under the new names of the subsets."""
    there = {str(entry.get('subset')) for entry in source.database.values()}
    subsets = {name: name for name in there} if job.subsets is None else job.subsets
    absent = sorted(set(subsets.values()) - there)
    if absent:
        raise ValueError(f'{job.annotations}: has no subset {absent}; it has {sorted(there)}.')
    new_name = {old: new for new, old in subsets.items()}
    if len(new_name) != len(subsets):
        raise ValueError(f'Each subset of the source can be converted once, but got {dict(subsets)}.')
    return {video: {**entry, 'subset': new_name[entry['subset']]}
            for video, entry in source.database.items() if entry['subset'] in new_name}


def _sidecars(job: Conversion, source: Annotations, database: Mapping[str, Mapping],
              stores: Mapping[tuple[str, str], FeatureStore]) -> dict[tuple[str, str], Sidecar]:
    """Read the sidecars that features have, by stream and video, and require that they fit together."""
    found = {}
    for stream in job.features:
        places = {}
        for video in database:
            store = stores[stream, source.database[video]['subset']]
            if isinstance(store, FilePerVideo) and not unsafe_name(video):  # such a name is refused later
                places[video] = store.where(video)
        of_stream = read_sidecars(places)
        found.update({(stream, video): sidecar for video, sidecar in of_stream.items()})
        clock = next(iter(found.values())).clock if found else None
        if clock:
            check_sidecars({stream: dict.fromkeys(map(places.__getitem__, of_stream), clock)})
    return found


def _recipe(job: Conversion, source: Annotations, layout: DataLayout, sidecars: Mapping[tuple[str, str], Sidecar],
            remarks: list[str]) -> Mapping[str, Any] | None:
    """Return the recipe that is stated, by the features themselves where they have descriptions; None if none is.

    Raises:
        ValueError: If features were made with another than is stated.
    """
    own = next((sidecar.feature for sidecar in sidecars.values()), None)
    stated = job.recipe or source.recipe
    if own is not None and stated is not None and not same_recipe(own, stated):
        raise ValueError(f'{job.annotations}: the recipe is said to be {describe_recipe(stated)}, but the descriptions '
                         f'beside the features say {describe_recipe(own)}. Leave the recipe out.')
    recipe = stated or own or layout.recipe
    if recipe is None:
        return None
    whose = ', as the features say themselves' if recipe is own else \
        f', which the layout {layout.name} usually has' if recipe is layout.recipe else ''
    remarks.append(f'recipe: {describe_recipe(recipe)}{whose}.')
    return recipe


def _told_by_durations(job: Conversion, converted: Annotations, classes: Sequence[str],
                       stores: Mapping[tuple[str, str], FeatureStore]) -> str:
    """Say which recipes fit the durations of the videos, as half a sentence."""
    annotations = AnnotationFile.of(replace(converted, classes=None), job.annotations, get_layout(job.layout), classes)
    subset = next(str(entry['subset']) for entry in converted.database.values())
    old = subset if job.subsets is None else job.subsets[subset]
    checked = CheckedSubset(VideoSubset(annotations, subset, True, {
        stream: stores[stream, old] for stream in job.features}, None, skip_missing=True))
    check_durations(checked)
    check_headers(checked)
    return describe_fit(checked, [video for video in checked.headers if video in checked.durations])


def _add_durations(database: Mapping[str, dict[str, Any]], sidecars: Mapping[tuple[str, str], Sidecar],
                   remarks: list[str]) -> None:
    """Add the durations that sidecars know and annotations do not."""
    added = set()
    for (_, video), sidecar in sidecars.items():
        if database[video].get('duration') is None:
            database[video]['duration'] = sidecar.duration_sec
            added.add(video)
    if added:
        remarks.append(f'durations of {len(added)} videos: as measured when their features were extracted.')


def _classes(job: Conversion, source: Annotations, database: Mapping[str, Mapping], remarks: list[str]) -> list[str]:
    used = {label for video, entry in database.items()
            for label in (*require_labels(Path(job.annotations), video, entry),
                          *(part['label'] for part in require_instances(Path(job.annotations), video, entry)))}
    if job.classes is None and source.classes is None:
        remarks.append('class order: alphabetical, since the source pins none.')
    classes = list(job.classes or source.classes or sorted(used))
    unknown = sorted(used - set(classes), key=str)
    if unknown:
        raise ValueError(f'{job.annotations}: has the labels {unknown}, which are not among the classes {classes}.')
    return classes


def _require_readable(converted: Annotations, classes: Sequence[str], job: Conversion, layout: DataLayout) -> None:
    """Refuse what a dataset would refuse to read again, before anything is written.

    Raises:
        ValueError: Names the first fault of each of up to five videos.
    """
    annotations = AnnotationFile.of(replace(converted, classes=None), job.annotations, layout, classes)
    faults = []
    for video in annotations.database:
        try:
            annotations.video_labels(video)
            annotations.video_segments(video)
            annotations.video_duration_sec(video)
        except Fault as fault:
            faults.append(str(fault))
    if faults:
        raise ValueError(f'{len(faults)} videos could not be read again:\n  ' + '\n  '.join(faults[:5]) +
                         '\nCorrect the source; nothing was written.')


def _stores(job: Conversion, columns: Mapping[str, Sequence[int]],
            source: Annotations) -> dict[tuple[str, str], FeatureStore]:
    """Open stores by stream and the source's subset; subsets share a store where they share its place."""
    opened: dict[tuple[str, str], FeatureStore] = {}
    stores = {}
    for stream, where in job.features.items():
        for subset in {str(entry.get('subset')) for entry in source.database.values()}:
            place = where.replace('{subset}', subset)
            if (stream, place) not in opened:
                opened[stream, place] = open_store(place, stream, list(source.database), columns.get(stream))
            stores[stream, subset] = opened[stream, place]
    return stores


def _without_features(job: Conversion, database: Mapping[str, Mapping],
                      stores: Mapping[tuple[str, str], FeatureStore]) -> dict[str, str]:
    """Return the reason for every video that cannot be converted."""
    original = {new: old for new, old in (job.subsets or {}).items()}
    unusable: dict[str, str] = {}
    for video, entry in database.items():
        subset = original.get(entry['subset'], entry['subset'])
        for stream in job.features:
            try:
                stores[stream, subset].header(video)
            except ValueError as error:
                unusable[video] = f'{video} ({error})'
                break
    if unusable and (job.missing == 'error' or len(unusable) == len(database)):
        raise ValueError(f'{job.annotations}: {len(unusable)} of {len(database)} videos have missing or unreadable '
                         f'features:\n  ' + '\n  '.join(unusable.values()) +
                         '\nCorrect where the features are, choose other subsets, or leave the videos out with missing '
                         '"skip".')
    return unusable


def _cast(array: np.ndarray, dtype: str, where: str) -> np.ndarray:
    kept = np.float32 if array.dtype == np.float64 else array.dtype.type
    target = kept if dtype == 'keep' else np.dtype(dtype).type
    if target == np.float16 and array.dtype != np.float16 and np.abs(array).max() > np.finfo(np.float16).max:
        raise ValueError(f'{where}: has values up to {np.abs(array).max():g}, too large for float16. Keep float32.')
    return np.ascontiguousarray(array, dtype=target)
