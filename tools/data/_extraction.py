"""Extraction of features, as the tools that offer it share it."""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mmengine.config import Config
from rich.markup import escape
from rich.progress import Progress

from rpn_plugin.apis import FeatureExtractor
from rpn_plugin.apis.recognizer_zoo import find_recognizer
from rpn_plugin.command_line import reason
from rpn_plugin.config_files import find_config
from rpn_plugin.datasets.sidecars import RANDOM_WEIGHTS
from rpn_plugin.datasets.videos import VideoError, VideoFile
from rpn_plugin.datasets.videos.containers import import_av
from rpn_plugin.shown_names import one_line
from rpn_plugin.structures import SnippetClock

SMALL = 'TSN'
"""The recognizer of a dry run, where none is named."""
ASKED = 'say what makes features of videos: --recognizer NAME, or --config FILE --checkpoint FILE; or, for a dry ' \
        'run, --random-weights'


def make_extractor(options: argparse.Namespace, clock: SnippetClock, stream: str = 'rgb',
                   flow: str = 'tvl1') -> FeatureExtractor:
    """What the options of ``add_encoder_options`` ask for.

    Raises:
        ValueError: If they do not say which recognizer and which weights, or say it twice.
        OSError: If config or weights are not there and cannot be downloaded.
    """
    name = options.recognizer or (SMALL if options.random_weights and not options.config else None)
    weights = [bool(options.checkpoint), options.random_weights, bool(name)]
    if bool(name) == bool(options.config) or not any(weights) or all(weights[:2]):
        raise ValueError(f'{ASKED}.')
    try:
        import_av()
    except ImportError as error:
        raise ValueError(str(error)) from None
    zoo = find_recognizer(name) if name else None
    config = Config.fromfile(zoo.config if zoo else find_config(options.config))
    if options.random_weights:
        checkpoint: str | Path = RANDOM_WEIGHTS
    else:
        checkpoint = options.checkpoint or (zoo and zoo.fetch())
    return FeatureExtractor(config, checkpoint, clock, stream, flow, options.batch_size, options.device)


def extract_all(extractor: FeatureExtractor, videos: Sequence[Path], out: Path) -> list[str]:
    """Extract one after the other, with a progress bar; which videos failed, and why."""
    failed = []
    with Progress() as bar:
        whole = bar.add_task('videos', total=len(videos))
        for path in videos:
            name = one_line(path.name)
            task = bar.add_task(escape(name), total=None)
            try:
                expected = extractor.decoder.clock.num_snippets(VideoFile(path).header['duration_sec'])
                bar.update(task, total=expected)
                written = extractor.extract_to(path, out, partial(bar.advance, task))
                outcome = 'written' if written else 'done already'
                bar.console.print(f'{name}: {outcome}', markup=False, soft_wrap=True)
            except Exception as error:  # whatever a file or a library comes up with, the other videos are done
                failed.append(reason(error) if isinstance(error, VideoError) else f'{name}: {reason(error)}')
                bar.console.print(f'error: {failed[-1]}', markup=False, soft_wrap=True)
            bar.remove_task(task)
            bar.advance(whole)
    return failed
