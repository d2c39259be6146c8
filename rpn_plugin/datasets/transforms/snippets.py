"""Pipeline steps that load a video's snippets, sample them for training, and pack them for the model."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform

from rpn_plugin.datasets.feature_stores import check_finite

META_KEYS = ('video_name', 'duration_second', 'fps', 'feature_frame', 'clock', 'annotations')


@TRANSFORMS.register_module()
class LoadSnippets(BaseTransform):
    """Reads the arrays of every stream, cut to the shortest, float64 as float32, and refuses NaN and infinity.

    Required keys: ``features`` (stream to (T, D) array or tensor), ``feature_paths``, ``num_snippets``. Added:
    ``snippets``.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``snippets``, stream to (T, D).

        Raises:
            ValueError: If a value is not finite.
        """
        results['snippets'] = {}
        for stream, array in results.pop('features').items():
            snippets = array[:results['num_snippets']]
            if not isinstance(snippets, torch.Tensor):  # a tensor was checked when it was cached on its device
                snippets = np.array(snippets, dtype=np.float32 if array.dtype == np.float64 else array.dtype)
                check_finite(snippets, results['feature_paths'][stream])
            results['snippets'][stream] = snippets
        return results


@TRANSFORMS.register_module()
class SampleSnippets(BaseTransform):
    """Keeps at most N snippets of a training video. Shorter videos stay whole.

    Draws from the item's own ``rng`` where it has one (see ``SeededSampler``), else from NumPy's global generator.

    Args:
        num_snippets: N, or a share of the video's own snippets in (0, 1).
        mode: ``crop`` takes N consecutive snippets from a random start; ``strata`` cuts the video into N equal parts
            and takes one random snippet of each, in order.
    """

    def __init__(self, num_snippets: int | float, mode: str = 'crop') -> None:
        whole = isinstance(num_snippets, int)
        if mode not in ('crop', 'strata') or not (num_snippets >= 1 if whole else 0 < num_snippets < 1):
            raise ValueError(f'SampleSnippets expects num_snippets >= 1 or a share in (0, 1), and mode crop or strata, '
                             f'but got {num_snippets} and {mode!r}.')
        self.num_snippets = num_snippets
        self.mode = mode

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Sample the same snippets of every stream."""
        length = results['num_snippets']
        number = self.num_snippets if isinstance(self.num_snippets, int) else max(1, int(self.num_snippets * length))
        if length <= number:
            return results
        rng = results.get('rng', np.random)
        if self.mode == 'crop':
            index = int(rng.random() * (length - number + 1)) + np.arange(number)
        else:
            borders = np.linspace(0, length, number + 1)
            index = np.floor(borders[:-1] + rng.random(number) * np.diff(borders)).astype(np.int64)
        results['snippets'] = {stream: snippets[index] for stream, snippets in results['snippets'].items()}
        results['num_snippets'] = number
        return results


@TRANSFORMS.register_module()
class HideSnippets(BaseTransform):
    """Hides random stretches of a training video, so that a network learns more than the best part of an action.

    Hide-and-Seek (Singh and Lee, ICCV 2017) in time: the video is cut into equal stretches, each is hidden by itself
    with a probability, and what is hidden is replaced by a mean, so that a linear layer sees on average what it sees in
    testing, where nothing is hidden. The mean is the video's own; the authors take that of the training set. How many
    stretches they cut in time is unverified. At least one stretch stays.

    Draws from the item's own ``rng`` where it has one (see ``SeededSampler``), else from NumPy's global generator.

    Args:
        num_stretches: Of a video; fewer where it has fewer snippets.
        probability: In [0, 1), that a stretch is hidden.

    Raises:
        ValueError: If there is to be no stretch, or the probability is outside [0, 1).
    """

    def __init__(self, num_stretches: int = 16, probability: float = 0.5) -> None:
        if num_stretches < 1 or not 0 <= probability < 1:
            raise ValueError(f'HideSnippets expects num_stretches >= 1 and a probability in [0, 1), but got '
                             f'{num_stretches} and {probability}.')
        self.num_stretches = num_stretches
        self.probability = probability

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Hide the same snippets of every stream."""
        length, rng = results['num_snippets'], results.get('rng', np.random)
        number = min(self.num_stretches, length)
        hidden = rng.random(number) < self.probability
        hidden[int(rng.random() * number)] = False
        places = hidden[np.arange(length) * number // length]  # (T,) bool
        results['snippets'] = {stream: with_mean(snippets, places) for stream, snippets in results['snippets'].items()}
        return results


def with_mean(snippets: np.ndarray | torch.Tensor, places: np.ndarray) -> np.ndarray | torch.Tensor:
    """A copy of snippets (T, D) with their mean at some places (T,), computed in float32."""
    if isinstance(snippets, torch.Tensor):
        mask = torch.from_numpy(places).to(snippets.device)
        return torch.where(mask[:, None], snippets.float().mean(dim=0).to(snippets.dtype), snippets)
    mean = snippets.mean(axis=0, dtype=np.float32).astype(snippets.dtype)
    return np.where(places[:, None], mean, snippets)


@TRANSFORMS.register_module()
class PackUntrimmedInputs(BaseTransform):
    """Packs ``snippets`` into the model's ``inputs`` and everything else it may know into an ``ActionDataSample``.

    ``gt_label`` holds the class indices of the video. ``annotations`` (segments in seconds) become metainfo only where
    the dataset gives them, which it does for testing alone.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Return ``inputs`` (stream to (T, D) tensor) and ``data_samples``."""
        sample = ActionDataSample()
        sample.set_gt_label(results['label'])
        sample.set_metainfo({key: results[key] for key in META_KEYS if key in results})
        inputs = {stream: torch.as_tensor(snippets) for stream, snippets in results['snippets'].items()}
        return dict(inputs=inputs, data_samples=sample)
