"""Networks on several streams, trained together and fused by suppression."""
from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from torch import Tensor, nn

from rpn_plugin.models.interfaces import Network, Proposals, Suppression
from rpn_plugin.models.localizers.base_localizer import BaseLocalizer


@MODELS.register_module()
class MultiStreamLocalizer(BaseLocalizer):
    """Networks that share nothing but the labels; their proposals meet in one suppression.

    Args:
        localizer: Config that every network starts from; any that keeps the calls of
            ``rpn_plugin.models.interfaces.Network`` will do.
        streams: Name of each network to what differs from ``localizer``, e.g. ``dict(rgb={}, flow={})``; merged as
            configs are, so that ``_delete_=True`` puts another part in the place of one. A network reads the stream of
            its own name unless it names others (``dict(both=dict(streams=('rgb', 'flow')))``).
        nms: Config of the suppression among all proposals of a video; None keeps every one.
        data_preprocessor: Config of the data preprocessor.
        weights: Factor of the confidences of a network's proposals, by network; 1 where it is not named.
        network_nms: Config of a suppression among the proposals of each network, before they meet; None for none.
        scored_by: Network to those whose mean sequence and mean video scores its proposals take their confidences
            from; its own sequence still sets the borders. A network that is not named scores its own.
        averaged: Cut the mean sequence of all networks once, with their mean video score and by the proposals of the
            first, as UntrimmedNet does, instead of each network's own.
        mean: Of averaged networks: ``arithmetic``, or ``geometric``, of the probabilities of the classes and of what
            they leave to 1, background, scaled to sum to 1. That is the softmax of mean logits (CMCS).

    Raises:
        ValueError: If there is no stream, ``weights`` or ``scored_by`` name a network that there is not, or the mean is
            unknown or of networks that are not averaged.
    """

    def __init__(self,
                 localizer: Mapping[str, Any],
                 streams: Mapping[str, Mapping[str, Any]],
                 nms: Mapping[str, Any] | None = dict(type='TemporalNMS'),
                 data_preprocessor: Mapping[str, Any] = dict(type='SnippetDataPreprocessor'),
                 weights: Mapping[str, float] = {},
                 network_nms: Mapping[str, Any] | None = None,
                 scored_by: Mapping[str, Sequence[str]] = {},
                 averaged: bool = False,
                 mean: str = 'arithmetic') -> None:
        super().__init__(nms, data_preprocessor)
        if not streams:
            raise ValueError('MultiStreamLocalizer expects at least one stream, but got none.')
        networks = nn.ModuleDict()
        for name, difference in streams.items():
            config = Config(dict(network=copy.deepcopy({**localizer, 'streams': (name, )})))
            config.merge_from_dict(dict(network=copy.deepcopy(dict(difference))))
            networks[name] = MODELS.build(config.network)
        self.localizers: Mapping[str, Network] = networks  # type: ignore[assignment]  # a ModuleDict of networks
        self.network_nms: Suppression | None = MODELS.build(network_nms) if network_nms else None
        self.weights, self.scored_by = dict(weights), {name: tuple(others) for name, others in scored_by.items()}
        self.averaged = averaged
        if mean not in (('arithmetic', 'geometric') if averaged else ('arithmetic', )):
            raise ValueError(f'MultiStreamLocalizer expects an arithmetic mean, or a geometric one with averaged=True, '
                             f'but got {mean!r} with averaged={averaged}.')
        self.mean = geometric_mean_of if mean == 'geometric' else mean_of
        if averaged and (self.weights or self.scored_by or self.network_nms):
            raise ValueError('MultiStreamLocalizer(averaged=True) has the proposals of no single network: leave '
                             'weights, scored_by and network_nms out.')
        self._require('weights', self.weights)
        self._require('scored_by', {*self.scored_by, *(name for others in self.scored_by.values() for name in others)})

    def _require(self, what: str, names: Iterable[str]) -> None:
        unknown = sorted(set(names) - set(self.localizers))
        if unknown:
            raise ValueError(f'MultiStreamLocalizer expects {what} of its networks {list(self.localizers)}, but got '
                             f'{unknown}.')

    @property
    def networks(self) -> Mapping[str, Network]:
        """The networks by name."""
        return self.localizers

    def mean_video_score(self, video_scores: Mapping[str, Tensor]) -> Tensor:
        """Scores of videos by the mean that is stated, from those of every network."""
        return self.mean(video_scores, self.networks)

    def propose(self, sequences: Mapping[str, Tensor], video_scores: Mapping[str, Tensor],
                sample: ActionDataSample) -> list[Proposals]:
        """Proposals of every network, see :meth:`BaseLocalizer.propose`, scored, suppressed and weighted as stated."""
        if self.averaged:
            sequence, video_score = self.mean(sequences, self.networks), self.mean(video_scores, self.networks)
            return [next(iter(self.networks.values())).cut(sequence, video_score, sample)]
        found = []
        for name, network in self.networks.items():
            others = self.scored_by.get(name)
            if others:
                scored, video_score = mean_of(sequences, others), mean_of(video_scores, others)
                proposals = network.cut(sequences[name], video_score, sample, scored)
            else:
                proposals = network.cut(sequences[name], video_scores[name], sample)
            segments, labels, scores = self.network_nms(*proposals) if self.network_nms else proposals
            found.append((segments, labels, scores * self.weights[name] if name in self.weights else scores))
        return found


def mean_of(values: Mapping[str, Tensor], names: Iterable[str]) -> Tensor:
    """Mean of the tensors of some networks."""
    return torch.stack([values[name] for name in names]).mean(dim=0)


def geometric_mean_of(values: Mapping[str, Tensor], names: Iterable[str]) -> Tensor:
    """Geometric mean of the probabilities (..., C) of some networks; what is missing to 1 is one class more.

    >>> def softmax(*logits: float) -> Tensor:
    ...     return torch.tensor(logits, dtype=torch.float64).softmax(dim=0)[:-1]  # without background
    >>> found = geometric_mean_of(dict(rgb=softmax(4, 1, 0), flow=softmax(0, 1, 2)), ['rgb', 'flow'])
    >>> torch.allclose(found, softmax(2, 1, 1))
    True
    """
    likely = torch.stack([values[name] for name in names])  # (J, ..., C)
    known = torch.finfo(likely.dtype)  # a background below its rounding error is not told from none
    background = (1 - likely.double().sum(dim=-1, keepdim=True)).clamp(min=known.eps)
    logits = torch.cat([likely.double().clamp(min=known.tiny), background], dim=-1).log()
    return logits.mean(dim=0).softmax(dim=-1)[..., :-1].to(likely.dtype)
