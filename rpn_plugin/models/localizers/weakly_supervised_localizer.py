"""One network on one stream, or on several concatenated."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from rpn_plugin.models.interfaces import (
    Embedding,
    Head,
    Inputs,
    Neck,
    Network,
    ProposalGenerator,
    Proposals,
    ScoresAnother,
    Weighting,
)
from rpn_plugin.models.localizers.base_localizer import BaseLocalizer
from rpn_plugin.models.localizers.samples import multi_hot_labels
from rpn_plugin.structures import HeadOutput, SnippetBatch, clip_segments, scale_to_length, to_numpy

NETWORK = 'network'
"""Name of the only network."""


@MODELS.register_module()
class WeaklySupervisedLocalizer(BaseLocalizer):
    """Embedding, prototypes and head on the snippets of untrimmed videos; trained with video-level labels only.

    Alone it is a localizer of one network, itself; ``MultiStreamLocalizer`` holds several of them. Any registered part
    fits that keeps its call in ``rpn_plugin.models.interfaces``.

    Args:
        head: Config of the head (eq. 5-11).
        embedding: Config of the feature embedding (eq. 1); None gives the head the features as they are.
        neck: Config of the prototype embedding (eq. 2-4); None for a head without prototypes.
        weighting: Config of the similarity weighting (eq. 12, alg. 1); None localizes on the class activation sequence.
        proposals: Config of the proposals.
        nms: Config of the suppression; None keeps every proposal.
        embedded_length: Scale every embedded snippet and every prototype to this Euclidean length before they meet, so
            that s of eq. 5 is -2 embedded_length^2 (1 - cosine), and gamma_c, gamma_t and alpha mean the same for all
            features and every E. Ours; None is the paper, whose s also tells long embedded snippets from short ones:
            the softmax over classes (eq. 6) cancels that, the softmax over time (eq. 12) does not.
        attention_power: The sequence that is localized on is multiplied by the attention, relative to its largest value
            in the video, to this power. 0 is the paper's score, which leaves attention out.
        streams: Streams to concatenate along D; None takes the only one there is.
        data_preprocessor: Config of the data preprocessor.
    """

    def __init__(self,
                 head: Mapping[str, Any],
                 embedding: Mapping[str, Any] | None = None,
                 neck: Mapping[str, Any] | None = None,
                 weighting: Mapping[str, Any] | None = None,
                 proposals: Mapping[str, Any] = dict(type='ThresholdProposals'),
                 nms: Mapping[str, Any] | None = None,
                 embedded_length: float | None = None,
                 attention_power: float = 0.0,
                 streams: Sequence[str] | None = None,
                 data_preprocessor: Mapping[str, Any] = dict(type='SnippetDataPreprocessor')) -> None:
        super().__init__(nms, data_preprocessor)
        if embedded_length is not None and not embedded_length > 0:
            raise ValueError(f'WeaklySupervisedLocalizer expects a positive embedded_length or None, but got '
                             f'{embedded_length}.')
        self.embedding: Embedding | None = MODELS.build(embedding) if embedding else None
        self.neck: Neck | None = MODELS.build(neck) if neck else None
        self.head: Head = MODELS.build(head)
        self.weighting: Weighting | None = MODELS.build(weighting) if weighting else None
        self.proposals: ProposalGenerator = MODELS.build(proposals)
        self.embedded_length = embedded_length
        self.attention_power = attention_power
        self.streams = tuple(streams) if streams else None

    @property
    def networks(self) -> Mapping[str, Network]:
        """The one network, this module."""
        return {NETWORK: self}

    def forward(self,
                inputs: Inputs,
                data_samples: Sequence[ActionDataSample] | None = None,
                mode: str = 'tensor') -> Any:
        """Run the network, see :meth:`BaseLocalizer.forward`; ``tensor`` gives the :class:`HeadOutput` itself."""
        result = super().forward(inputs, data_samples, mode)
        return result[NETWORK] if mode == 'tensor' else result

    def losses(self, outputs: Mapping[str, HeadOutput],
               data_samples: Sequence[ActionDataSample]) -> dict[str, Tensor]:
        """Losses by their own names."""
        return self.loss_of(outputs[NETWORK], data_samples)

    def run(self, inputs: Inputs) -> HeadOutput:
        """Embed, match and pool (eq. 1-8).

        Raises:
            TypeError: If the head returns something else than a :class:`HeadOutput`.
        """
        output = self.head(self.embed(inputs), self.prototypes())
        if not isinstance(output, HeadOutput):
            raise TypeError(f'A head must return a HeadOutput, but {type(self.head).__name__} returned '
                            f'{type(output).__name__}; see rpn_plugin.models.interfaces.Head.')
        return output

    def embed(self, inputs: Inputs) -> SnippetBatch:
        """Embedded features of the network's streams (eq. 1)."""
        batch = select_streams(inputs, self.streams)
        embedded = batch if self.embedding is None else self.embedding(batch)
        if self.embedded_length is None:
            return embedded
        return embedded.with_features(scale_to_length(embedded.features, self.embedded_length))

    def prototypes(self) -> Tensor | None:
        """(C, E) from the neck (eq. 4); None without one."""
        if self.neck is None:
            return None
        prototypes = self.neck()
        return prototypes if self.embedded_length is None else scale_to_length(prototypes, self.embedded_length)

    def loss_of(self, output: HeadOutput, data_samples: Sequence[ActionDataSample]) -> dict[str, Tensor]:
        """Losses of the head on the video-level labels (eq. 9-11)."""
        return self.head.loss(output, multi_hot_labels(data_samples, like=output.video_score))

    def localization_sequence(self, output: HeadOutput) -> Tensor:
        """The sequence that proposals are cut from, phi with attention's part: (N, C), or (N, S, C) for several."""
        return self.with_attention(self.weighting(output) if self.weighting else output.cas, output)

    def with_attention(self, sequence: Tensor, output: HeadOutput) -> Tensor:
        """A localization sequence (N, C) with attention's part.

        Raises:
            ValueError: If attention is to count and the head gives none, or there are several sequences.
        """
        if not self.attention_power:
            return sequence
        if sequence.ndim != 2:
            raise ValueError(f'attention_power needs a weighting of one sequence (N, C), but '
                             f'{type(self.weighting).__name__} gives {sequence.shape[1]}; use attention_power=0.')
        if output.attention is None:
            raise ValueError('attention_power needs a head that gives attention, such as RPNHead; use '
                             'attention_power=0 with another head.')
        smallest = torch.finfo(output.attention.dtype).tiny
        relative = torch.cat([video / video.max().clamp(min=smallest)
                              for video in output.embedded.layout.split(output.attention)])  # (N,)
        return sequence * relative[:, None]**self.attention_power

    def cut(self, sequence: Tensor, video_score: Tensor, sample: ActionDataSample,
            scored: Tensor | None = None) -> Proposals:
        """Proposals of one video in seconds, see :class:`rpn_plugin.models.interfaces.Network`.

        Raises:
            TypeError: If confidences are to come from another sequence and the proposal generator cannot do that.
        """
        phi, likely = (to_numpy(values.detach().double()) for values in (sequence, video_score))
        if scored is None:
            borders, labels, scores = self.proposals(phi, likely)
        elif isinstance(self.proposals, ScoresAnother):
            borders, labels, scores = self.proposals.cut_and_score(phi, to_numpy(scored.detach().double()), likely)
        else:
            raise TypeError(f'{type(self.proposals).__name__} reads confidences off the sequence that it cuts; use '
                            f'ThresholdProposals, or give it cut_and_score (rpn_plugin.models.interfaces).')
        segments, inside = clip_segments(sample.clock.to_seconds(borders), sample.duration_second)
        return segments, labels[inside], scores[inside]


def select_streams(inputs: Inputs, streams: Sequence[str] | None) -> SnippetBatch:
    """Concatenate streams along D.

    Raises:
        ValueError: If a stream is not there, or none is named and there are several.
    """
    if streams is None and len(inputs) > 1:
        raise ValueError(f"The data has the streams {list(inputs)}: name those to use in the localizer's streams.")
    streams = streams or tuple(inputs)
    if any(stream not in inputs for stream in streams):
        raise ValueError(f'The localizer expects the streams {list(streams)}, but the data has {list(inputs)}.')
    batches = [inputs[stream] for stream in streams]
    return batches[0].with_features(torch.cat([batch.features for batch in batches], dim=1))
