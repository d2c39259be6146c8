"""The training step as other repositories write it, in torch's own layers and without anything of rpn_plugin.

One network (eq. 1-11) and three ways to train it on videos of different lengths: the paper's loop over the videos with
accumulated gradients, one padded and masked batch, and the latter on videos of similar length. Tests compare the
shipped step with them, ``bench_training.py`` times them.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ReferenceRPN(nn.Module):
    """The network of one stream.

    Args:
        in_channels: D.
        embedding: E.
        attention: Hidden width of the attention.
        cooccurrence: A, (C, C).
        kernel_size: Of the one temporal convolution, odd.
        dropout: After the convolution's activation.
        alpha: Weight of the clustering loss.
    """

    def __init__(self, in_channels: int, embedding: int, attention: int, cooccurrence: Tensor, kernel_size: int,
                 dropout: float, alpha: float) -> None:
        super().__init__()
        num_classes = len(cooccurrence)
        self.conv = nn.Conv1d(in_channels, embedding, kernel_size, padding=kernel_size // 2)
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(embedding, attention)
        self.weight = nn.Linear(attention, 1, bias=False)
        widths = [(num_classes, embedding), (embedding, embedding)]
        self.neighbour = nn.ModuleList(nn.Linear(*width, bias=False) for width in widths)
        self.self_connection = nn.ModuleList(nn.Linear(*width, bias=False) for width in widths)
        self.register_buffer('cooccurrence', cooccurrence.clone())
        self.alpha = alpha

    def parts(self) -> dict[str, Tensor]:
        """Every parameter under its name in ``WeaklySupervisedLocalizer``; shapes differ for the convolution."""
        named = {'embedding.convs.0.linear.weight': self.conv.weight, 'embedding.convs.0.linear.bias': self.conv.bias,
                 'head.attention.hidden.linear.weight': self.hidden.weight,
                 'head.attention.hidden.linear.bias': self.hidden.bias,
                 'head.attention.output.weight': self.weight.weight}
        for layer, (neighbour, own) in enumerate(zip(self.neighbour, self.self_connection)):
            named[f'neck.neighbour_weights.{layer}.weight'] = neighbour.weight
            named[f'neck.self_weights.{layer}.weight'] = own.weight
        return named

    def shaped_like_ours(self, name: str, value: Tensor) -> Tensor:
        """(E, D, k) of ``nn.Conv1d`` to (E, k * D); everything else as it is."""
        return value.transpose(1, 2).flatten(1) if name == 'embedding.convs.0.linear.weight' else value

    @torch.no_grad()
    def copy_from(self, model: nn.Module) -> None:
        """Take the weights of a ``WeaklySupervisedLocalizer`` of the same shape."""
        theirs = dict(model.named_parameters())
        for name, mine in self.parts().items():
            value = theirs[name]
            if mine.ndim == 3:
                value = value.view(mine.shape[0], mine.shape[2], mine.shape[1]).transpose(1, 2)
            mine.copy_(value)

    def prototypes(self) -> Tensor:
        """(C, E), eq. 3-4 on one-hot label features."""
        adjacency = self.cooccurrence
        degree = (adjacency + torch.eye(len(adjacency)).to(adjacency)).sum(1, keepdim=True)
        hidden = torch.eye(len(adjacency)).to(adjacency)
        for layer, (neighbour, own) in enumerate(zip(self.neighbour, self.self_connection)):
            hidden = (neighbour(adjacency @ hidden) + own(hidden)) / degree
            hidden = F.leaky_relu(hidden, 0.2) if layer == 0 else hidden
        return hidden

    def similarity(self, x: Tensor, prototypes: Tensor) -> Tensor:
        """(..., T, C), eq. 5."""
        return 2 * x @ prototypes.T - x.pow(2).sum(-1, keepdim=True) - prototypes.pow(2).sum(1)

    def losses(self, video_similarity: Tensor, labels: Tensor) -> Tensor:
        """(B,) eq. 11 of every video, from s-bar (B, C) and labels (B, C)."""
        target = labels / labels.sum(1, keepdim=True)
        classification = -(target * video_similarity.log_softmax(1)).sum(1)
        clustering = -(labels * video_similarity).sum(1) * (labels.sum(1) == 1)
        return classification + self.alpha * clustering

    def loop(self, videos: Sequence[Tensor], labels: Tensor) -> Tensor:
        """The paper's step: one video (T, D) after the other, gradients accumulated. Returns the batch's loss."""
        total = torch.zeros((), dtype=labels.dtype, device=labels.device)
        for video, label in zip(videos, labels):
            x = self.dropout(self.conv(video.T[None])[0].T.relu())  # (T, E)
            attention = self.weight(self.hidden(x).relu()).squeeze(1).softmax(0)  # (T,)
            pooled = attention @ self.similarity(x, self.prototypes())  # (C,)
            loss = self.losses(pooled[None], label[None]).sum() / len(videos)
            loss.backward()
            total += loss.detach()
        return total

    def padded(self, videos: Sequence[Tensor], labels: Tensor) -> Tensor:
        """One batch, padded to its longest video and masked. Returns the batch's loss."""
        lengths = torch.tensor([len(video) for video in videos], device=labels.device)
        batch = nn.utils.rnn.pad_sequence(list(videos), batch_first=True)  # (B, T, D)
        mask = torch.arange(batch.shape[1], device=labels.device) < lengths[:, None]  # (B, T)
        x = self.dropout(self.conv(batch.transpose(1, 2)).transpose(1, 2).relu())  # (B, T, E)
        logits = self.weight(self.hidden(x).relu()).squeeze(2)
        attention = logits.masked_fill(~mask, float('-inf')).softmax(1)  # (B, T)
        pooled = (attention[..., None] * self.similarity(x, self.prototypes())).sum(1)  # (B, C)
        loss = self.losses(pooled, labels).mean()
        loss.backward()
        return loss.detach()


def bucketed(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Indices of videos in batches of similar length; the last batch may be smaller."""
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    return [order[start:start + batch_size] for start in range(0, len(order), batch_size)]
