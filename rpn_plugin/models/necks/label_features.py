"""Label features L, the input of the prototype embedding (eq. 4). The paper does not specify them."""
from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from rpn_plugin.files import require_regular_file
from rpn_plugin.foreign_files import map_array, naming


@MODELS.register_module()
class OneHotLabels(BaseModule):
    """One basis vector per class: F = C.

    Args:
        num_classes: C.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.out_channels = num_classes
        self.register_buffer('table', torch.eye(num_classes), persistent=False)

    def forward(self) -> Tensor:
        """(C, F)."""
        return self.table


@MODELS.register_module()
class LearnableLabels(BaseModule):
    """A trainable table, drawn from a standard normal distribution.

    Args:
        num_classes: C.
        channels: F.
    """

    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__()
        self.out_channels = channels
        self.table = nn.Parameter(torch.randn(num_classes, channels))

    def forward(self) -> Tensor:
        """(C, F)."""
        return self.table


@MODELS.register_module()
class WordVectorLabels(BaseModule):
    """Word vectors of the class names; a name of several words is the mean of its words' vectors.

    Args:
        num_classes: C.
        path: A ``.npy`` of shape (C, F), rows in class order, or a text file in GloVe's form (``word v1 ... vF``).
        classes: Class names in order; only the text form needs them.

    Raises:
        ValueError: If the file does not fit the classes, or lacks a word of a class name.
    """

    def __init__(self, num_classes: int, path: str, classes: Sequence[str] | None = None) -> None:
        super().__init__()
        with naming(path):
            table = np.array(map_array(path)) if Path(path).suffix == '.npy' else _read_word_vectors(path, classes)
        if table.ndim != 2 or table.shape[0] != num_classes or not np.isfinite(table).all():
            raise ValueError(f'{path}: expected finite word vectors of shape ({num_classes}, F), one row per class, '
                             f'but got shape {table.shape}.')
        self.out_channels = table.shape[1]
        self.register_buffer('table', torch.from_numpy(table).float())

    def forward(self) -> Tensor:
        """(C, F)."""
        return self.table


def split_words(class_name: str) -> list[str]:
    """Lower-case words of a class name: ``CliffDiving``, ``cliff_diving`` and ``Cliff diving`` give the same."""
    spaced = re.sub(r'(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])', ' ', class_name)
    return re.findall(r'[^\W_]+', spaced.lower())


def _read_word_vectors(path: str, classes: Sequence[str] | None) -> np.ndarray:
    if not classes:
        raise ValueError('word vectors in text form need the class names; give label_features.classes.')
    wanted = {word for name in classes for word in split_words(name)}
    vectors: dict[str, np.ndarray] = {}
    require_regular_file(path)
    with open(path, encoding='utf-8', errors='replace') as lines:
        for number, line in enumerate(lines, start=1):
            word, _, numbers = line.rstrip().partition(' ')
            if word not in wanted:
                continue
            try:
                vectors[word] = np.array(numbers.split(), dtype=np.float64)
            except ValueError as error:
                raise ValueError(f'line {number}: expected "word v1 ... vF", but got {line[:60]!r}.') from error
    missing = sorted(wanted - vectors.keys())
    if missing:
        raise ValueError(f'no vector for {missing}, words of the class names.')
    widths = {vector.size for vector in vectors.values()}
    if len(widths) > 1:
        raise ValueError(f'word vectors of different lengths {sorted(widths)}.')
    return np.stack([np.mean([vectors[word] for word in split_words(name)], axis=0) for name in classes])
