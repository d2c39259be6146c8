"""Stretches of a video in which its features hardly change."""
from __future__ import annotations

import torch
from torch import Tensor

from rpn_plugin.structures import SnippetBatch


class StillSnippets:
    """Takes out of each video the snippets at which nothing moves, as far as features tell.

    The change of a snippet is the mean length of the differences from its neighbours. Still are the snippets whose
    change is at most a quantile of the video's; the majority among a snippet and its neighbours decides, which is the
    median filter of CMCS, and runs that are too short are left out. A video counts whose share of still snippets lies
    in a range: where it is larger, its camera stands still and actions may be among them.

    CMCS does this with the mean magnitude of optical flow per frame; quantile, filter, runs and shares are its own, 2
    seconds being 3 snippets here.

    Args:
        quantile: In (0, 1).
        window: Odd number of snippets of the majority.
        min_length: Snippets of the shortest run.
        min_share: Smallest share of still snippets in a video.
        max_share: Largest one.

    Raises:
        ValueError: If a number is outside its range.
    """

    def __init__(self, quantile: float = 0.25, window: int = 3, min_length: int = 3, min_share: float = 0.05,
                 max_share: float = 0.3) -> None:
        if not 0 < quantile < 1 or window < 1 or window % 2 == 0 or min_length < 1 or not (
                0 <= min_share <= max_share <= 1):
            raise ValueError(f'StillSnippets expects a quantile in (0, 1), an odd window, min_length >= 1 and 0 <= '
                             f'min_share <= max_share <= 1, but got {quantile}, {window}, {min_length}, {min_share} '
                             f'and {max_share}.')
        self.quantile = quantile
        self.window = window
        self.min_length = min_length
        self.min_share, self.max_share = min_share, max_share

    @torch.no_grad()
    def __call__(self, batch: SnippetBatch) -> SnippetBatch | None:
        """The still snippets of each video that counts, one video of them each; None if no video counts.

        Args:
            batch: Features (N, D).
        """
        found = [video[still] for video in batch.split() if len(still := self.places(video))]
        return SnippetBatch.from_videos(found) if found else None

    def places(self, video: Tensor) -> Tensor:
        """Indices of the still snippets of one video (T, D); none if it does not count."""
        length = len(video)
        if length < 2:
            return torch.zeros(0, dtype=torch.int64, device=video.device)
        steps = torch.linalg.vector_norm(video.diff(dim=0), dim=1)  # (T - 1,)
        around = torch.cat([steps[:1], (steps[:-1] + steps[1:]) / 2, steps[-1:]])  # (T,)
        still = self._majority(around <= around.quantile(self.quantile))
        runs = torch.cat([still.new_zeros(1), still, still.new_zeros(1)]).int().diff()  # 1 where one starts, -1 behind
        start, end = (runs == 1).nonzero()[:, 0], (runs == -1).nonzero()[:, 0]
        long = end - start >= self.min_length
        places = [torch.arange(a, b, device=video.device) for a, b in zip(start[long].tolist(), end[long].tolist())]
        index = torch.cat([still.new_zeros(0, dtype=torch.int64), *places])
        return index if self.min_share <= len(index) / length <= self.max_share else index[:0]

    def _majority(self, still: Tensor) -> Tensor:
        """(T,) bool, whether most of the snippets around each, as far as there are some, are still."""
        margin = self.window // 2
        count = torch.nn.functional.pad(still.double().cumsum(0), (1, 0))  # (T + 1,)
        place = torch.arange(len(still), device=still.device)
        low, high = (place - margin).clamp(min=0), (place + margin + 1).clamp(max=len(still))
        return 2 * (count[high] - count[low]) > high - low
