"""Prototype embedding (eq. 2-4): the co-occurrence GCN and its two twins of Table 3."""
from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from rpn_plugin.files import read_text, written_whole
from rpn_plugin.foreign_files import map_array, naming
from rpn_plugin.models.necks.label_network import LabelNetwork


def cooccurrence_matrix(video_labels: Sequence[Sequence[int]], num_classes: int) -> np.ndarray:
    """Co-occurrence of classes in the training videos, a_ij = N(i and j) / N(i) (eq. 2).

    Args:
        video_labels: Class indices of each training video; the order and repetitions do not matter.
        num_classes: C.

    Returns:
        (C, C) float64 in [0, 1], zero on the diagonal, not symmetric; a class that never occurs has a zero row.

    Raises:
        ValueError: If an index is outside [0, C).
    """
    presence = np.zeros((len(video_labels), num_classes))
    for video, labels in enumerate(video_labels):
        for label in labels:
            if not 0 <= label < num_classes:
                raise ValueError(f'Expected class indices in [0, {num_classes}), but training video {video} has '
                                 f'{label}.')
            presence[video, label] = 1
    together = presence.T @ presence  # (C, C), N(i and j)
    matrix = together / np.maximum(np.diag(together), 1)[:, None]
    np.fill_diagonal(matrix, 0)
    return matrix


def read_cooccurrence(path: str | Path) -> np.ndarray:
    """Read a matrix written by :func:`write_cooccurrence`, or a ``.npy`` of shape (C, C).

    Raises:
        ValueError: If it is something else; names the file.
    """
    if Path(path).suffix != '.npy':
        return read_cooccurrence_table(path)[0]
    with naming(path):
        return np.array(map_array(path))


def read_cooccurrence_table(path: str | Path) -> tuple[np.ndarray, list[str]]:
    """Read the matrix (C, C) and the C class names that :func:`write_cooccurrence` wrote.

    Raises:
        ValueError: If it is something else; names the file.
    """
    try:
        rows = list(csv.reader(io.StringIO(read_text(path), newline='')))
        return np.array([[float(value) for value in row[1:]] for row in rows[1:]]), [row[0] for row in rows[1:]]
    except (ValueError, IndexError, csv.Error) as error:
        raise ValueError(f'{path}: expected a header of class names and one row per class: {error}.') from error


def write_cooccurrence(path: str | Path, matrix: np.ndarray, classes: Sequence[str]) -> None:
    """Write the matrix as CSV with class names on both sides, readable by a person and :func:`read_cooccurrence`."""
    with written_whole(path) as temporary, open(temporary, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(['a_ij = N(i and j) / N(i)', *classes])
        writer.writerows([name, *(repr(float(value)) for value in row)] for name, row in zip(classes, matrix))


@MODELS.register_module()
class CooccurrenceGCN(LabelNetwork):
    """Relational prototypes from a graph convolution over the classes' co-occurrence (eq. 2-4).

    H' = sigma(D-hat^-1 (A H W_1 + H W_2)), without sigma after the last layer, so that prototypes live in all of R^E.
    ``CooccurrenceHook`` computes A from the training videos' labels when training starts; it is a buffer, so a
    checkpoint carries it and testing needs no training data.

    Args:
        num_classes: C.
        channels: Width of each layer; the last is E.
        label_features: Config of L without ``num_classes``; one-hot by default.
        cooccurrence: A file holding A, (C, C) as CSV or ``.npy``; if given, the hook leaves it alone.
        act_cfg: sigma, built by the MODELS registry.
        init_gain: Of the last layer's initial weights, so of the length that the prototypes start with.
    """

    def __init__(self,
                 num_classes: int,
                 channels: Sequence[int],
                 label_features: Mapping[str, Any] | None = None,
                 cooccurrence: str | None = None,
                 act_cfg: Mapping[str, Any] = dict(type='LeakyReLU', negative_slope=0.2),
                 init_gain: float = 1.0) -> None:
        super().__init__(num_classes, channels, label_features, act_cfg, init_gain)
        widths = [self.label_features.out_channels, *channels]
        self.neighbour_weights = self._weights(widths)  # W_1
        self.cooccurrence: Tensor
        self.register_buffer('cooccurrence', torch.zeros(num_classes, num_classes))
        self.cooccurrence_source: str | None = None
        if cooccurrence is not None:
            self.set_cooccurrence(read_cooccurrence(cooccurrence), source=cooccurrence)
        self.reads_cooccurrence_file = cooccurrence is not None

    def set_cooccurrence(self, matrix: np.ndarray | Tensor, source: str) -> None:
        """Use A from now on.

        Args:
            matrix: (C, C) in [0, 1].
            source: Where it comes from, for messages.

        Raises:
            ValueError: If the shape is not (C, C), a value is outside [0, 1], or the diagonal is not 0.
        """
        matrix = torch.as_tensor(matrix, dtype=self.cooccurrence.dtype, device=self.cooccurrence.device)
        if matrix.shape != self.cooccurrence.shape:
            raise ValueError(f'Expected a co-occurrence matrix of shape {tuple(self.cooccurrence.shape)}, but '
                             f'{source} gives {tuple(matrix.shape)}.')
        if not ((matrix >= 0) & (matrix <= 1)).all() or matrix.diagonal().any():
            raise ValueError(f'Expected a co-occurrence matrix in [0, 1] with a zero diagonal, but {source} gives '
                             f'another.')
        self.cooccurrence.copy_(matrix)
        self.cooccurrence_source = source

    def get_cooccurrence(self) -> Tensor:
        """A, (C, C)."""
        return self.cooccurrence

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args)
        if f'{prefix}cooccurrence' in state_dict:
            self.cooccurrence_source = 'checkpoint'

    def forward(self) -> Tensor:
        """Prototypes P, (C, E).

        Raises:
            RuntimeError: If no co-occurrence matrix was set.
        """
        if self.cooccurrence_source is None:
            raise RuntimeError('The co-occurrence matrix is not set. Train with CooccurrenceHook in default_hooks, '
                               'load a checkpoint, or name a file in neck.cooccurrence.')
        return super().forward()

    def layer(self, index: int, hidden: Tensor) -> Tensor:
        """Eq. 3 without sigma: (C, F) to (C, F')."""
        neighbours = self.neighbour_weights[index](self.cooccurrence @ hidden)  # A H W_1
        degree = 1 + self.cooccurrence.sum(dim=1, keepdim=True)  # (C, 1), d-hat_ii
        return (neighbours + self.self_weights[index](hidden)) / degree


@MODELS.register_module()
class FullyConnectedPrototypes(LabelNetwork):
    """Table 3's second row: label features through fully connected layers, no relations (the GCN with A = 0).

    Args:
        num_classes: C.
        channels: Width of each layer; the last is E.
        label_features: Config of L without ``num_classes``; one-hot by default.
        act_cfg: Activation between layers, built by the MODELS registry.
        init_gain: Of the last layer's initial weights, so of the length that the prototypes start with.
    """

    def __init__(self,
                 num_classes: int,
                 channels: Sequence[int],
                 label_features: Mapping[str, Any] | None = None,
                 act_cfg: Mapping[str, Any] = dict(type='LeakyReLU', negative_slope=0.2),
                 init_gain: float = 1.0) -> None:
        super().__init__(num_classes, channels, label_features, act_cfg, init_gain)

    def layer(self, index: int, hidden: Tensor) -> Tensor:
        """H W_2: (C, F) to (C, F')."""
        return self.self_weights[index](hidden)


@MODELS.register_module()
class RandomPrototypes(BaseModule):
    """Table 3's first row: prototypes initialised at random and learned directly.

    Args:
        num_classes: C.
        channels: Only the last value, E, is used, so that a config can swap this for one of the other necks.
        init_gain: Of the initial values; 1 gives about the length that the other necks' prototypes start with.
    """

    def __init__(self, num_classes: int, channels: Sequence[int], init_gain: float = 1.0) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.out_channels = channels[-1]
        std = init_gain * (2 / (num_classes + self.out_channels))**0.5
        self.prototypes = nn.Parameter(torch.randn(num_classes, self.out_channels) * std)

    def forward(self) -> Tensor:
        """Prototypes P, (C, E)."""
        return self.prototypes
