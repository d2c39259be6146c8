"""The networks of a model on padded batches, for runtimes that know no packed ones."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from rpn_plugin.models.interfaces import HasWidth
from rpn_plugin.models.localizers import BaseLocalizer
from rpn_plugin.structures import HeadOutput, PaddedLayout, SnippetBatch

OF_PROTOTYPES = 'prototypes'
OF_VIDEOS = 'video_score'


class TraceableLayout(PaddedLayout):
    """A padded layout with the operations that a graph for any number of videos can hold."""

    def split(self, values: Tensor) -> tuple[Tensor, ...]:
        """Refuse.

        Raises:
            ValueError: Always.
        """
        raise ValueError('a part takes the videos of the batch apart (layout.split), which a graph for any number of '
                         'videos cannot; softmax, sum and top_k_mean of the layout it can')


class PaddedNetwork(nn.Module):
    """A localizer's networks, from features to scores, on plain tensors.

    Its modules are the model's own; only the batch is another, padded instead of packed. The scaling of the features by
    the data preprocessor is part of it, thresholds and suppression are not.

    Each network gives what its head has of ``cas`` (B, T, C), ``video_score`` (B, C), its attentions by their names
    (B, T), ``embedded`` (B, T, E) and ``prototypes`` (C, E). Beyond a video's end these mean nothing.

    Args:
        model: In evaluation mode.

    Raises:
        ValueError: If the model cannot run on padded batches, or gives other scores there; names the network and why.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        if not isinstance(model, BaseLocalizer):
            raise ValueError(f'{type(model).__name__} cannot be exported: it is no localizer of networks, such as '
                             f'WeaklySupervisedLocalizer and MultiStreamLocalizer.')
        self.model = model
        self.streams = model.input_streams
        self.widths = stream_widths(model)
        self.output_names = self._checked_names()

    def forward(self, lengths: Tensor, *features: Tensor) -> tuple[Tensor, ...]:
        """Score a batch.

        Args:
            lengths: (B,) int64, real snippets of each video, from 1 to T.
            features: (B, T, D) of each of ``streams``, in that order; what lies beyond a video's length is not read.

        Returns:
            The tensors of ``output_names``.
        """
        mask = torch.arange(features[0].shape[1], device=lengths.device) < lengths[:, None]  # (B, T)
        outputs = self._score(mask, features)
        return tuple(_with_time(name, tensor, mask) for name, tensor in _tensors(outputs))

    def example(self, num_videos: int, num_snippets: int) -> tuple[Tensor, ...]:
        """Random arguments of :meth:`forward`, the same for the same sizes; the videos' lengths differ."""
        generator = torch.Generator().manual_seed(num_videos + 10 * num_snippets)
        lengths = torch.linspace(num_snippets, max(1, num_snippets // 2), num_videos).long()
        kind = next(self.model.parameters()).dtype
        return (lengths, *(torch.rand(num_videos, num_snippets, self.widths[stream], generator=generator, dtype=kind)
                           for stream in self.streams))

    def _score(self, mask: Tensor, features: Sequence[Tensor]) -> dict[str, HeadOutput]:
        scale = self.model.data_preprocessor.scale
        return self.model.score({stream: SnippetBatch(scale(values.flatten(0, 1), stream), TraceableLayout(mask))
                                 for stream, values in zip(self.streams, features)})

    @torch.no_grad()
    def _checked_names(self) -> tuple[str, ...]:
        """Names of the outputs, after the padded run of an example gave what the packed one gives."""
        lengths, *features = self.example(3, 12)
        mask = torch.arange(12) < lengths[:, None]
        scale = self.model.data_preprocessor.scale
        packed = self.model.score({stream: SnippetBatch.from_videos([
            scale(video[:length], stream) for video, length in zip(values, lengths.tolist())])
            for stream, values in zip(self.streams, features)})
        try:
            padded = self._score(mask, features)
        except Exception as error:  # whatever a part raises that knows packed batches only
            raise ValueError(f'The model cannot be exported, since it does not run on padded batches: '
                             f'{str(error).splitlines()[0] if str(error) else type(error).__name__}.') from error
        for (name, expected), (_, found) in zip(_tensors(packed), _tensors(padded)):
            real = found if name.endswith((OF_VIDEOS, OF_PROTOTYPES)) else found[mask.flatten()]
            if real.shape != expected.shape or not torch.allclose(real, expected, rtol=1e-4, atol=1e-5):
                raise ValueError(f'The model cannot be exported: {name} of padded videos differs from that of packed '
                                 f'ones. A part looks beyond a video by itself, not by the operations of its layout.')
        return tuple(name for name, _ in _tensors(padded))


def _tensors(outputs: dict[str, HeadOutput]) -> Iterator[tuple[str, Tensor]]:
    """Each network's tensors as ``<network>_<name>``."""
    for network, output in outputs.items():
        yield f'{network}_cas', output.cas
        yield f'{network}_{OF_VIDEOS}', output.video_score
        for name, attention in output.attentions.items():
            yield f'{network}_{name}', attention.weight
        yield f'{network}_embedded', output.embedded.features
        if output.prototypes is not None:
            yield f'{network}_{OF_PROTOTYPES}', output.prototypes


def _with_time(name: str, tensor: Tensor, mask: Tensor) -> Tensor:
    """(B * T, ...) to (B, T, ...) where the tensor is of snippets."""
    return tensor if name.endswith((OF_VIDEOS, OF_PROTOTYPES)) else tensor.unflatten(0, mask.shape)


def stream_widths(model: BaseLocalizer) -> dict[str, int]:
    """Width D of every stream that a model reads, from what its embeddings, or heads without one, state.

    Streams that are only read concatenated are taken to be equally wide.

    Raises:
        ValueError: If a network does not state its width.
    """
    widths: dict[str, int] = {}
    for name, network in sorted(model.networks.items(), key=lambda item: len(item[1].streams or ())):
        embedding = getattr(network, 'embedding', None)
        first = getattr(network, 'head', None) if embedding is None else embedding  # which reads the features
        stated = first.in_channels if isinstance(first, HasWidth) else None
        streams = network.streams or model.input_streams
        if stated is None:
            raise ValueError(f'Network {name} cannot be exported: {type(first or network).__name__} does not state the '
                             f'width of the features that it reads (in_channels).')
        unknown = [stream for stream in streams if stream not in widths]
        rest = stated - sum(widths.get(stream, 0) for stream in streams)
        if unknown and rest % len(unknown):
            raise ValueError(f'Network {name} cannot be exported: of its {stated} channels {rest} are of '
                             f'{" and ".join(unknown)}, and nothing says how many of each.')
        widths.update(dict.fromkeys(unknown, rest // len(unknown) if unknown else 0))
    return widths
