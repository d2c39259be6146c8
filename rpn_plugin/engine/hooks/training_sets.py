"""Looks through the host's wrappers of data sets."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def innermost_datasets(dataset: Any) -> Iterator[Any]:
    """Yield the data sets inside wrappers such as ``RepeatDataset`` and ``ConcatDataset``; one without is itself."""
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from innermost_datasets(part)
    elif hasattr(dataset, 'dataset'):
        yield from innermost_datasets(dataset.dataset)
    else:
        yield dataset
