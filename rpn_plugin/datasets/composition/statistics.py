"""Statistics of a composition, which can be compared with those of another."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rpn_plugin.structures import as_segments


def summarize(content: Mapping[str, Any], subset: str) -> dict[str, Any]:
    """Compute the statistics of one subset of an annotation file in the plugin's layout.

    Args:
        content: ``{"database": ...}`` with ``duration`` and ``annotations`` per video.
        subset: Which videos.

    Returns:
        ``videos``, ``hours``, ``instances``; ``share`` of the time that is action; ``adjacent``, the part of instances
        that follow another of their video without background between; ``two_classes``, the part of videos with
        more than one class; quantiles (minimum, 5 %, median, 95 %, maximum) over videos of ``video_sec``,
        ``instances_per_video`` and ``video_share``, and over instances of ``instance_sec``; ``together``, (class,
        companion) to the part of the class's videos that hold the companion.
    """
    entries = [entry for entry in content['database'].values() if entry['subset'] == subset]
    segments = [as_segments([annotation['segment'] for annotation in entry['annotations']]) for entry in entries]
    labels = [{annotation['label'] for annotation in entry['annotations']} for entry in entries]
    durations = np.array([entry['duration'] for entry in entries])
    action = np.array([np.diff(video).sum() for video in segments])
    gaps = np.concatenate([video[1:, 0] - video[:-1, 1] for video in segments])
    return dict(
        videos=len(entries),
        hours=float(durations.sum() / 3600),
        instances=sum(map(len, segments)),
        share=float(action.sum() / durations.sum()),
        adjacent=float((np.abs(gaps) < 1e-6).mean()) if len(gaps) else 0.0,
        two_classes=float(np.mean([len(found) > 1 for found in labels])),
        video_sec=_quantiles(durations),
        instances_per_video=_quantiles([len(video) for video in segments]),
        video_share=_quantiles(action / durations),
        instance_sec=_quantiles(np.diff(np.concatenate(segments))[:, 0]),
        together=_together(labels))


def _together(labels: list[set[str]]) -> dict[tuple[str, str], float]:
    classes = set().union(*labels)
    return {(first, second): float(np.mean([second in found for found in labels if first in found]))
            for first in classes for second in classes - {first}}


def _quantiles(values: Any) -> list[float]:
    return np.quantile(values, (0, 0.05, 0.5, 0.95, 1)).tolist()
