"""Extraction of features from video files by a recognizer of the host."""
from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

import rpn_plugin
from rpn_plugin.datasets.sidecars import RANDOM_WEIGHTS, Sidecar, sidecar_path
from rpn_plugin.datasets.videos import SnippetDecoder, VideoError, VideoFile
from rpn_plugin.files import written_whole
from rpn_plugin.foreign_files import map_array
from rpn_plugin.models.backbones.weights import weights_hash
from rpn_plugin.models.snippet_encoder import FrozenSnippetEncoder
from rpn_plugin.structures import SnippetClock

CROPS = ('CenterCrop', 'ThreeCrop', 'TenCrop')


class FeatureExtractor:
    """Features of videos: windows of frames through a frozen recognizer.

    Of the recognizer's config this takes the model, and from its test pipeline the frames of a clip, ``Resize`` and
    the size of the crop. One crop is encoded, the centre, where the pipeline averages three or ten.

    Args:
        config: Config of an MMAction2 recognizer.
        checkpoint: Its weights, see :func:`load_backbone_weights`; ``random`` for weights at random (always the same,
            none is read or downloaded), for a dry run; None initializes as the config says.
        clock: Rate, stride, window and offset, in whole frames of the resampled video.
        stream: ``rgb`` or ``flow``.
        flow: Algorithm of the flow, ``tvl1`` or ``dis``.
        batch_size: Snippets encoded at once.
        device: Where the encoder runs.

    Raises:
        ValueError: If the config is no recognizer's, or an argument is unknown.
    """

    def __init__(self,
                 config: Config,
                 checkpoint: str | Path | None,
                 clock: SnippetClock,
                 stream: str = 'rgb',
                 flow: str = 'tvl1',
                 batch_size: int = 16,
                 device: str = 'cpu') -> None:
        if stream not in ('rgb', 'flow'):
            raise ValueError(f'FeatureExtractor expects the stream rgb or flow, but got {stream!r}.')
        if 'backbone' not in config.get('model', {}):
            raise ValueError(f'{config.filename}: expected the config of a recognizer, with a model that has a '
                             f'backbone.')
        init_default_scope(config.get('default_scope', 'mmaction'))
        self.batch_size = batch_size
        self.device = device
        self.encoder = _random_encoder(config.model, batch_size) if checkpoint == RANDOM_WEIGHTS else \
            FrozenSnippetEncoder(config.model, str(checkpoint) if checkpoint else None, batch_size)
        self.encoder.to(device)
        steps = read_test_pipeline(config)
        self.decoder = SnippetDecoder(
            clock, *clip_of(steps, self.encoder.recognizer.backbone, int(clock.window_frames)),
            resize=first_step(steps, ('Resize', )) or dict(scale=(-1, 256)),
            crop_size=(first_step(steps, CROPS) or {}).get('crop_size'),
            flow=flow if stream == 'flow' else None)
        self.made_by = dict(
            stream=stream, flow=flow if stream == 'flow' else None, frames=self.decoder.offsets,
            resize=str(self.decoder.resize), crop=self.decoder.crop_size,
            backbone=type(self.encoder.recognizer.backbone).__name__,
            weights=f'{f"{RANDOM_WEIGHTS}, " if checkpoint == RANDOM_WEIGHTS else ""}'
                    f'sha256:{weights_hash(self.encoder.recognizer.backbone)}')

    def extract(self, path: str | Path,
                progress: Callable[[int], None] = lambda snippets: None) -> tuple[np.ndarray, Sidecar]:
        """Features of a video in one pass. Images of one window and one batch are held, and the features.

        Args:
            path: The video.
            progress: Called after each batch with the number of its snippets.

        Returns:
            (T, D) float32 and what they are.

        Raises:
            VideoError: If the video is broken or shorter than a window.
        """
        video = VideoFile(path)
        features, batch = [], []
        for clip in self.decoder.clips(video):
            batch.append(clip)
            if len(batch) == self.batch_size:
                features.append(self._encode(batch))
                progress(len(batch))
                batch = []
        if batch:
            features.append(self._encode(batch))
            progress(len(batch))
        if not features:
            clock = self.decoder.clock
            raise VideoError(f'{path}: {video.num_frames} frames, {video.duration_sec:.2f} s, are shorter than a '
                             f'window of {clock.window_frames:g} frames at {clock.fps:g} fps')
        array = np.concatenate(features)
        return array, self._sidecar(video, array.shape)

    def extract_to(self, path: str | Path, folder: str | Path,
                   progress: Callable[[int], None] = lambda snippets: None) -> bool:
        """Write ``<video>.npy`` and its sidecar to a folder, unless the same are there.

        The features are complete where the sidecar is: it is written last and removed first.

        Returns:
            Whether they had to be extracted.

        Raises:
            VideoError: As :meth:`extract`; nothing is written then.
        """
        target = Path(folder) / f'{Path(path).stem}.npy'
        if self.is_done(path, target):
            return False
        features, sidecar = self.extract(path, progress)
        sidecar_path(target).unlink(missing_ok=True)
        with written_whole(target) as temporary:
            np.save(temporary, features)
        sidecar.write(sidecar_path(target))
        return True

    def is_done(self, path: str | Path, target: str | Path) -> bool:
        """Tell whether a feature file has the features of this video, made like this."""
        try:
            sidecar, shape = Sidecar.read(sidecar_path(target)), map_array(target).shape
        except (OSError, ValueError):
            return False
        source = {name: sidecar.source.get(name) for name in ('file', 'bytes')}
        return (Path(path).is_file() and source == _identity(path) and sidecar.encoder == self.made_by
                and sidecar.clock == self.decoder.clock and sidecar.shape == list(shape))

    def _encode(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        clips = torch.from_numpy(np.stack(batch)).to(self.device)
        return self.encoder(clips).float().cpu().numpy()

    def _sidecar(self, video: VideoFile, shape: Sequence[int]) -> Sidecar:
        clock = self.decoder.clock
        feature = dict(fps=clock.fps, snippet_stride=clock.stride_frames, window=clock.window_frames,
                       offset=clock.offset_frames)
        source = dict(_identity(video.path), fps=video.header['fps'], frames=video.num_frames,
                      duration=video.duration_sec)
        if video.damage:
            source['damage'] = [[part.what, round(part.start_sec, 3), round(part.end_sec, 3)] for part in video.damage]
        return Sidecar(feature, self.made_by, source, list(shape), rpn_plugin.__version__)


def _random_encoder(recognizer: Mapping[str, Any], batch_size: int) -> FrozenSnippetEncoder:
    logger = MMLogger.get_current_instance()
    level = logger.level
    with torch.random.fork_rng():
        torch.manual_seed(0)  # features that are there are told to be the same by their weights
        logger.setLevel('WARNING')  # the host tells how it initialized each of hundreds of weights
        try:
            return FrozenSnippetEncoder(_untrained(recognizer), None, batch_size)
        finally:
            logger.setLevel(level)


def _untrained(settings: Any) -> Any:
    """Copy the settings of a model without what would read or download weights."""
    if isinstance(settings, Mapping):
        kept = {key: value for key, value in settings.items()
                if not (key == 'init_cfg' and 'Pretrained' in str(value))}
        return {key: None if key == 'pretrained' else False if key == 'pretrained2d' else _untrained(value)
                for key, value in kept.items()}
    return [_untrained(item) for item in settings] if isinstance(settings, (list, tuple)) else copy.deepcopy(settings)


def read_test_pipeline(config: Config) -> list[Mapping[str, Any]]:
    """Steps of a recognizer's test pipeline.

    Raises:
        ValueError: If the config has none.
    """
    dataset = config.get('test_dataloader', {}).get('dataset', {})
    steps = dataset.get('pipeline') or config.get('test_pipeline')
    if not steps:
        raise ValueError(f'{config.filename}: the config has no test pipeline, which says how frames are resized.')
    return steps


def first_step(steps: Sequence[Mapping[str, Any]], types: Sequence[str]) -> dict[str, Any] | None:
    """Settings of the first step of one of these types."""
    return next(({key: value for key, value in step.items() if key != 'type'} for step in steps
                 if step['type'] in types), None)


def clip_of(steps: Sequence[Mapping[str, Any]], backbone: torch.nn.Module, window: int) -> tuple[int, int]:
    """Frames that an encoder sees of a window, and from one to the next.

    A backbone that mixes ``num_segments`` frames (TSM) and ``UniformSample`` spread theirs over the whole window; any
    other clip keeps its ``frame_interval``.
    """
    uniform = first_step(steps, ('UniformSample', )) or {}
    over_window = getattr(backbone, 'num_segments', None) or uniform.get('clip_len')
    if over_window:
        return over_window, max(1, window // over_window)
    sampling = first_step(steps, ('SampleFrames', 'DenseSampleFrames')) or {}
    return sampling.get('clip_len', 1), sampling.get('frame_interval', 1)


def _identity(path: str | Path) -> dict[str, Any]:
    return dict(file=Path(path).name, bytes=Path(path).stat().st_size)
