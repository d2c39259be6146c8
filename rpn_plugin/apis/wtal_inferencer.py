"""Detections from features or videos, on MMEngine's inferencer."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from mmaction.registry import INFERENCERS
from mmaction.structures import ActionDataSample
from mmengine.config import Config, ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from torch import Tensor, nn

import rpn_plugin
from rpn_plugin.apis.feature_extractor import FeatureExtractor
from rpn_plugin.apis.untrimmed_inputs import SnippetSource, UntrimmedInput, find_inputs
from rpn_plugin.datasets.sidecars import Sidecar, check_sidecars, dry_run_note, sidecar_path
from rpn_plugin.deployment import ModelFile
from rpn_plugin.models.backbones.weights import weights_hash
from rpn_plugin.models.interfaces import HasWidth, Network
from rpn_plugin.models.localizers import BaseLocalizer, LongVideoScorer, reason_to_run_whole
from rpn_plugin.provenance import digest
from rpn_plugin.structures import HeadOutput, SnippetBatch, SnippetClock, VideoSegments
from rpn_plugin.visualization import draw_timeline


@INFERENCERS.register_module()
class WTALInferencer(BaseInferencer):
    """Localizes actions in untrimmed videos, given as features or as files to extract them from.

    A video of more than ``chunk_snippets`` snippets is read and run in parts. What is kept of it then are its (T, C)
    scores, so memory does not grow with the width of the features; the results are those of the whole.

    Args:
        model: Config, or path of the config, that the checkpoint was trained with; None takes what the checkpoint says.
        weights: Checkpoint, as the runner or ``tools/deployment/publish_model.py`` writes it.
        device: Where to run; None takes a GPU if there is one.
        recipe: When each feature was seen, see :meth:`SnippetClock.from_recipe`, where neither checkpoint nor config
            state it.
        extractors: Stream name to what makes its features of a video file, with the clock of the features. Needed for
            video files only.
        amp: Compute in half precision where that is safe (bfloat16 on the CPU).
        chunk_snippets: Snippets in a part. 2048 are 22 minutes at 0.64 s.
        max_stream_gap: Streams whose T differ by up to so many snippets are cut to the shortest.
        trust: Build whatever model the checkpoint describes, see :meth:`ModelFile.read`; for files of one's own.
        allow_partial: Load the weights that fit and leave the others as they are; needs a ``model`` or ``trust``.
        scope: As :class:`BaseInferencer`.
        show_progress: As :class:`BaseInferencer`.

    Raises:
        FileNotFoundError: If the config or the checkpoint is not there.
        ValueError: If the checkpoint is refused, incomplete, or of another model than the config's.
    """

    visualize_kwargs = {'return_vis', 'top'}
    postprocess_kwargs = {'min_score'}

    def __init__(self,
                 model: Config | ConfigDict | Mapping[str, Any] | str | Path | None = None,
                 weights: str | Path | None = None,
                 device: str | None = None,
                 recipe: Mapping[str, float] | None = None,
                 extractors: Mapping[str, FeatureExtractor] | None = None,
                 amp: bool = False,
                 chunk_snippets: int = 2048,
                 max_stream_gap: int = 5,
                 trust: bool = False,
                 allow_partial: bool = False,
                 scope: str = 'mmaction',
                 show_progress: bool = False) -> None:
        if weights is None:
            raise ValueError('WTALInferencer expects weights=<checkpoint>, but got none.')
        if isinstance(model, (str, Path)) and not Path(model).is_file():
            raise FileNotFoundError(f'No config {model}.')
        if chunk_snippets < 1:
            raise ValueError(f'WTALInferencer expects chunk_snippets of at least 1, but got {chunk_snippets}.')
        init_default_scope(scope)
        self.extractors = dict(extractors or {})
        self.amp = amp
        self.chunk_snippets = chunk_snippets
        self.max_stream_gap = max_stream_gap
        self.trust = trust
        self.allow_partial = allow_partial
        self._warned = False
        super().__init__(str(model) if isinstance(model, Path) else model, str(weights), device, scope, show_progress)
        recipe = recipe or self.model_file.recipe
        if recipe is None:
            raise ValueError(f'{weights}: the clock of its features is stated nowhere. Give '
                             f'recipe=dict(fps=..., snippet_stride=...).')
        self.recipe = dict(recipe)
        self.device = next(self.model.parameters()).device
        if not isinstance(self.model, BaseLocalizer):
            raise ValueError(f'WTALInferencer runs WeaklySupervisedLocalizer and MultiStreamLocalizer, but the model '
                             f'is {type(self.model).__name__}.')
        self.streams = self.model.input_streams
        self.reasons_to_run_whole = [f'network {name}: {reason}' for name, network in self.model.networks.items()
                                     if (reason := reason_to_run_whole(network))]

    @property
    def settings(self) -> dict[str, Any]:
        """What the results depend on beside the videos, in plain values: weights, model, classes, clock, precision."""
        return dict(
            version=rpn_plugin.__version__, weights=f'sha256:{weights_hash(self.model)}',
            model=digest(self.model_file.model), classes=digest(self.classes), recipe=self.recipe, amp=self.amp,
            extractors={stream: dict(extractor.made_by, clock=str(extractor.decoder.clock))
                        for stream, extractor in self.extractors.items()})

    @property
    def classes(self) -> tuple[str, ...]:
        """C class names in order."""
        return self.model_file.classes

    def outcomes(self, inputs: Any,
                 batch_size: int = 1) -> Iterator[tuple[UntrimmedInput, ActionDataSample | Exception]]:
        """Videos with their results one after another; one that cannot be localized comes with its error instead.

        Args:
            inputs: As ``find_inputs``.
            batch_size: Videos that run together.
        """
        videos = self._inputs_to_list(inputs)
        for first in range(0, len(videos), batch_size):
            batch = videos[first:first + batch_size]
            try:
                yield from zip(batch, self.forward(self.collate_fn([self.pipeline(video) for video in batch])))
            except Exception as error:  # whatever a file or a library comes up with, the other videos are done
                if len(batch) == 1:
                    yield batch[0], error
                else:
                    yield from self.outcomes(batch)

    @torch.no_grad()
    def forward(self, inputs: Mapping[str, Any]) -> list[ActionDataSample]:
        """Localize a batch.

        Returns:
            Each video's sample with ``pred_instances`` (segments in seconds, labels, scores; best first),
            ``pred_score`` (C,) and ``pred_cas`` (T, C), the class activation sequence averaged over the networks.
            Its ``note`` says so where features of random weights are involved, and is empty otherwise.
        """
        samples = inputs['data_samples']
        whole = [place for place, sample in enumerate(samples)
                 if sample.num_snippets <= self.chunk_snippets or self.reasons_to_run_whole]
        results: dict[int, ActionDataSample] = {}
        with torch.autocast(self.device.type, torch.bfloat16 if self.device.type == 'cpu' else None, enabled=self.amp):
            if whole:
                together = {stream: [of_stream[place] for place in whole]
                            for stream, of_stream in inputs['inputs'].items()}
                results.update(zip(whole, self._run_whole(together, [samples[place] for place in whole])))
            for place in set(range(len(samples))) - results.keys():
                sources = {stream: of_stream[place] for stream, of_stream in inputs['inputs'].items()}
                results[place] = self._run_in_parts(sources, samples[place])
        return [results[place] for place in range(len(samples))]

    def visualize(self, inputs: Sequence[Any], preds: Sequence[ActionDataSample], return_vis: bool = False,
                  top: int = 30) -> list[Figure] | None:
        """A timeline of each video, if ``return_vis``: its ``top`` best detections and the CAS of its best classes."""
        return [self.draw(sample, top) for sample in preds] if return_vis else None

    def postprocess(self, preds: Sequence[ActionDataSample], visualization: list[Figure] | None,
                    return_datasamples: bool = False, min_score: float = -np.inf) -> dict[str, Any]:
        """Results in plain values.

        Args:
            preds: From :meth:`forward`.
            visualization: From :meth:`visualize`.
            return_datasamples: Give the samples as they are.
            min_score: Leave out weaker detections.

        Returns:
            ``predictions``, per video ``dict(video, duration_sec, class_scores, detections)`` with ``detections`` as
            ``[{label, score, segment}]``, segments in seconds, best first; and ``visualization``. A ``note`` is there
            where results mean nothing, see :meth:`forward`.
        """
        return dict(predictions=list(preds) if return_datasamples else
                    [self._plain(sample, min_score) for sample in preds], visualization=visualization)

    def detections(self, sample: ActionDataSample) -> VideoSegments:
        """Detections of one video by class name, best first."""
        return VideoSegments.from_sample(sample, self.classes)

    def _init_model(self, cfg: Config | ConfigDict, weights: str, device: str = 'cpu') -> nn.Module:
        self.model_file = ModelFile.read(weights, cfg or None, self.trust, self.allow_partial)
        return self.model_file.build().to(device)

    def _init_pipeline(self, cfg: Any) -> Callable[[UntrimmedInput], dict[str, Any]]:
        return self._open

    def _init_collate(self, cfg: Any) -> Callable[..., Any]:
        return pseudo_collate

    def _init_visualizer(self, cfg: Any) -> None:
        return None

    def _inputs_to_list(self, inputs: Any) -> list[UntrimmedInput]:
        return find_inputs(inputs, self.streams)

    def _open(self, video: UntrimmedInput) -> dict[str, Any]:
        """Sources of the features and an empty sample; no feature is read."""
        sources, duration_sec, random = {}, None, set(self.model_file.random_features)
        for stream, features in video.streams.items():
            if isinstance(features, Path):
                features, made = self._extract(features, stream)
                duration_sec = made.duration_sec
                random |= {stream} if made.is_dry_run else set()
            sources[stream] = SnippetSource(features, f'{video.name}, stream {stream}')
            sidecar = sidecar_path(sources[stream].name)
            if sidecar.is_file():
                duration_sec = Sidecar.read(sidecar).duration_sec
        self._check_widths(sources)
        lengths = {stream: source.length for stream, source in sources.items()}
        length = min(lengths.values())
        if max(lengths.values()) - length > self.max_stream_gap:
            raise ValueError(f'The streams of video {video.name} have {lengths} snippets; expected a difference of at '
                             f'most {self.max_stream_gap} (max_stream_gap).')
        if length > self.chunk_snippets and self.reasons_to_run_whole and not self._warned:
            self._warned = True
            MMLogger.get_current_instance().warning(
                f'Videos of more than {self.chunk_snippets} snippets, such as {video.name} with {length}, run in one '
                f'piece, which takes memory: {"; ".join(self.reasons_to_run_whole)}.')
        clock = SnippetClock.from_recipe(self.recipe, duration_sec=duration_sec, num_snippets=length)
        random.update(check_sidecars({stream: {source.name: clock} for stream, source in sources.items()
                                      if sidecar_path(source.name).is_file()}))
        sample = ActionDataSample(metainfo=dict(
            video_name=video.name, clock=clock, num_snippets=length, fps=clock.fps,
            note=dry_run_note(sorted(random)) if random else '',
            duration_second=duration_sec or clock.duration_sec(length)))
        return dict(inputs=sources, data_samples=sample)

    def _extract(self, path: Path, stream: str) -> tuple[np.ndarray, Sidecar]:
        if stream not in self.extractors:
            raise ValueError(f'{path}: a video, and nothing that makes the features {stream} of it is given '
                             f'(extractors). Give its features, or extract them with tools/data/extract_features.py.')
        return self.extractors[stream].extract(path)

    def _check_widths(self, sources: Mapping[str, SnippetSource]) -> None:
        for network in self.model.networks.values():
            read = [sources[stream] for stream in network.streams or sources]
            embedding = getattr(network, 'embedding', None)
            expected = embedding.in_channels if isinstance(embedding, HasWidth) else None
            if expected is not None and sum(source.width for source in read) != expected:
                raise ValueError(f'{" and ".join(source.name for source in read)}: features of width '
                                 f'{" + ".join(str(source.width) for source in read)}, but the checkpoint expects '
                                 f'{expected}. Extract them as for its training.')

    def _read(self, sources: Mapping[str, SnippetSource], start: int, stop: int) -> dict[str, SnippetBatch]:
        parts = {stream: [source.read(start, stop)] for stream, source in sources.items()}
        return self.model.data_preprocessor(dict(inputs=parts))['inputs']

    def _run_whole(self, sources: Mapping[str, Sequence[SnippetSource]],
                   samples: list[ActionDataSample]) -> list[ActionDataSample]:
        videos = {stream: [source.read(0, sample.num_snippets) for source, sample in zip(of_stream, samples)]
                  for stream, of_stream in sources.items()}
        inputs = self.model.data_preprocessor(dict(inputs=videos, data_samples=samples))['inputs']
        outputs = self.model.score(inputs)
        self._check_classes(outputs)
        sequences = {name: output.embedded.layout.split(self.model.networks[name].localization_sequence(output))
                     for name, output in outputs.items()}
        return self._detect(outputs, sequences, samples)

    def _run_in_parts(self, sources: Mapping[str, SnippetSource], sample: ActionDataSample) -> ActionDataSample:
        outputs, sequences = {}, {}
        for name, network in self.model.networks.items():
            outputs[name], sequence = self._score_in_parts(network, sources, sample.num_snippets)
            sequences[name] = (sequence, )
        self._check_classes(outputs)
        return self._detect(outputs, sequences, [sample])[0]

    def _score_in_parts(self, network: Network, sources: Mapping[str, SnippetSource],
                        num_snippets: int) -> tuple[HeadOutput, Tensor]:
        used = {stream: sources[stream] for stream in network.streams or sources}
        return LongVideoScorer(network, lambda start, stop: self._read(used, start, stop), num_snippets,
                               self.chunk_snippets)()

    def _check_classes(self, outputs: Mapping[str, HeadOutput]) -> None:
        for name, output in outputs.items():
            if output.video_score.shape[1] != len(self.classes):
                raise ValueError(f'{self.model_file.path}: it is for {len(self.classes)} classes, but the head of '
                                 f'network {name} scores {output.video_score.shape[1]}. Use the config that it was '
                                 f'trained with.')

    def _detect(self, outputs: Mapping[str, HeadOutput], sequences: Mapping[str, Sequence[Tensor]],
                samples: list[ActionDataSample]) -> list[ActionDataSample]:
        """Detections of a batch, with the class activation sequence averaged over the networks."""
        results = self.model.detect(sequences, outputs, samples)
        mean = torch.stack([output.cas for output in outputs.values()]).mean(dim=0)  # (N, C)
        for sample, cas in zip(results, mean.float().cpu().split([sample.num_snippets for sample in samples])):
            sample.pred_cas = cas
        return results

    def _plain(self, sample: ActionDataSample, min_score: float) -> dict[str, Any]:
        found = self.detections(sample)
        return dict(
            video=sample.video_name,
            duration_sec=sample.duration_second,
            class_scores=dict(zip(self.classes, sample.pred_score.float().tolist())),
            detections=[dict(label=label, score=score, segment=segment) for segment, label, score in
                        zip(found.segments.tolist(), found.labels, sample.pred_instances.scores.tolist())
                        if score >= min_score],
            **(dict(note=sample.note) if sample.note else {}))

    def draw(self, sample: ActionDataSample, top: int) -> Figure:
        """A timeline of a video: its ``top`` best detections and the CAS of its best classes."""
        best = self.detections(sample).take(slice(top))
        times = sample.clock.to_seconds(np.arange(sample.num_snippets) + 0.5)
        shown = list(dict.fromkeys(best.labels))[:3] or [self.classes[int(sample.pred_score.argmax())]]
        sequences = {f'CAS\n{label}': (times, sample.pred_cas[:, self.classes.index(label)].numpy()) for label in shown}
        title = '\n'.join(filter(None, (sample.video_name, sample.note)))
        return draw_timeline(title, sample.duration_second, {'detected': best}, sequences)
