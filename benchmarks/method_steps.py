"""The training step of every method on packed videos, beside the field's way to batch them. See bench_training.py."""
from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from plain_methods import RELEASED, as_released
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from rpn_plugin.analysis.data_root import data_root
from rpn_plugin.analysis.methods import OWN, chosen_methods, config_of, found_methods
from rpn_plugin.models.interfaces import KeepsMemory, TakesCooccurrence, TakesProgress
from rpn_plugin.structures import SnippetBatch

if TYPE_CHECKING:
    from bench_training import Bench

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
SETTINGS = dict(published='rpn_i3d_thumos', custom='rpn_custom')
"""RPN's config of each choice of settings; those of other methods have names alike."""

EVERY = 'all'
STREAMS = ('rgb', 'flow')


def config_for(method: str, settings: str, dim: int, classes: int) -> Config | None:
    """Return a method's config for two streams of dim / 2 each; None if it has none of these settings."""
    name = config_of(CONFIGS, method, SETTINGS[settings])
    if name is None:
        return None
    with tempfile.TemporaryDirectory() as folder:  # what custom configs read off the data
        root, labels = Path(folder), [f'class {index}' for index in range(classes)]
        (root / 'annotations.json').write_text(json.dumps(dict(
            classes=labels, feature=dict(fps=25, snippet_stride=16, window=16),
            database=dict(video=dict(subset='train', duration=6.4, labels=labels)))))
        for stream in STREAMS:
            (root / 'features' / stream).mkdir(parents=True)
            np.save(root / 'features' / stream / 'video.npy', np.zeros((10, dim // 2), dtype=np.float32))
        with data_root(root):
            return Config.fromfile(CONFIGS / f'{name}.py')


def snippets_of(config: Config) -> int | None:
    """Return the most snippets of a video that training takes; None takes whole videos."""
    return next((step.num_snippets for step in config.train_dataloader.dataset.pipeline
                 if step.type == 'SampleSnippets'), None)


class MethodSteps:
    """The step of a method, forward, losses, backward and optimizer, in different ways.

    Args:
        bench: Videos and clock.
        method: As ``found_methods`` has it.
        config: Of the method.
    """

    def __init__(self, bench: Bench, method: str, config: Config) -> None:
        self.bench, self.method = bench, method
        self.sampled = snippets_of(config)
        self.size = config.train_dataloader.batch_size
        torch.manual_seed(0)
        self.model: nn.Module = MODELS.build(config.model).to(bench.device).train()
        classes = next(module.num_classes for module in self.model.modules() if hasattr(module, 'num_classes'))
        for module in self.model.modules():
            if isinstance(module, TakesCooccurrence):
                module.set_cooccurrence(torch.zeros(classes, classes), 'benchmark')
            if isinstance(module, TakesProgress):
                module.progress = 0.5
            if isinstance(module, KeepsMemory):
                module.memory_due = False
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4)
        self.step_of([self.videos(bench.order[:self.size])], bench.order[:self.size])
        for module in self.model.modules():
            if isinstance(module, KeepsMemory):
                self._remember(module)

    def _remember(self, head: KeepsMemory) -> None:
        """Fill the memory, which the second half of a training uses."""
        chosen = self.bench.order[:self.size]
        with torch.no_grad():
            output, = self.model.score(self.inputs(self.videos(chosen))).values()
        head.remember(output, self.bench.labels[list(chosen)])
        head.memory_due = True

    def videos(self, chosen: Sequence[int]) -> list[Tensor]:
        """Snippets of videos as training takes them, (T, D)."""
        videos = [self.bench.videos[index] for index in chosen]
        return videos if self.sampled is None else [
            video[torch.linspace(0, len(video) - 1, self.sampled).long()] if len(video) > self.sampled else video
            for video in videos]

    def inputs(self, videos: Sequence[Tensor]) -> dict[str, SnippetBatch]:
        """Packed videos by stream."""
        half = videos[0].shape[1] // 2
        return {stream: SnippetBatch.from_videos([video[:, place * half:(place + 1) * half].contiguous()
                                                  for video in videos]) for place, stream in enumerate(STREAMS)}

    def step_of(self, batches: Sequence[Sequence[Tensor]], chosen: Sequence[int]) -> None:
        """One update from the gradients of several batches of videos."""
        samples, first = [self.bench.samples[index] for index in chosen], 0
        for videos in batches:
            with self.bench.autocast():
                losses = self.model(self.inputs(videos), samples[first:first + len(videos)], mode='loss')
            sum(value for name, value in losses.items() if 'loss' in name).backward()
            first += len(videos)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def packed(self, chosen: Sequence[int]) -> None:
        """Ours."""
        self.step_of([self.videos(chosen)], chosen)

    def padded(self, chosen: Sequence[int]) -> None:
        """Every video as long as the longest of the batch, or as what training samples, by repeating its last one."""
        videos = self.videos(chosen)
        length = self.sampled or max(map(len, videos))
        with as_released(self.method):
            self.step_of([[torch.cat([video, video[-1:].expand(length - len(video), -1)]) for video in videos]], chosen)

    def looped(self, chosen: Sequence[int]) -> None:
        """One video after another, gradients accumulated."""
        with as_released(self.method):
            self.step_of([[video] for video in self.videos(chosen)], chosen)

    def flops(self, chosen: Sequence[int]) -> int:
        """FLOPs of the matrix products of a packed step, in which every snippet is a real one."""
        with FlopCounterMode(display=False) as counter:
            self.packed(chosen)
        return counter.get_total_flops()


def run_methods(bench: Bench) -> None:
    """Print a line per method: its step in ours and in the field's ways, and what share of it is useful arithmetic."""
    options = bench.options
    names = None if EVERY in options.method else options.method
    methods = chosen_methods(found_methods(CONFIGS), names)
    print(f'\nTraining step of each method, {options.settings} settings, D = {options.dim}; useful: FLOPs of the '
          f'matrix products on real snippets over time, in shares of one product of {len(bench.factor)}^3 '
          f'({bench.product_rate() / 1e9:.0f} GFLOP/s); medians of {options.repeats} repeats')
    print(f'{"method":<16}{"batch":>6}{"snippets":>9}{"padding":>9}{"GFLOP":>8}{"packed ms":>11}{"padded ms":>11}'
          f'{"loop ms":>9}{"padded/packed":>15}{"loop/packed":>13}{"useful":>8}')
    for method, title in methods.items():
        if names and method == OWN and OWN not in names:
            continue
        config = config_for(method, options.settings, options.dim, bench.labels.shape[1])
        if config is None:
            print(f'{title:<16}  no {options.settings} config')
            continue
        print(_line(bench, title, MethodSteps(bench, method, config)), flush=True)
    print(f'padded and loop compute {", ".join(RELEASED)} as the released code does')


def _line(bench: Bench, title: str, steps: MethodSteps) -> str:
    chosen = bench.order[:steps.size]
    ways: dict[str, Callable[[Sequence[int]], None]] = dict(packed=steps.packed, padded=steps.padded, loop=steps.looped)
    times: dict[str, list[float]] = {name: [] for name in ways}
    rates = []
    for _ in range(bench.options.repeats):
        rates.append(bench.product_rate())
        for name, way in ways.items():
            times[name].append(bench.seconds(partial(way, chosen)))
    spent = {name: statistics.median(values) for name, values in times.items()}
    videos = steps.videos(chosen)
    real, length = sum(map(len, videos)), steps.sampled or max(map(len, videos))
    flops = steps.flops(chosen)
    return (f'{title:<16}{steps.size:>6}{real:>9}{1 - real / (length * len(videos)):>9.0%}{flops / 1e9:>8.2f}'
            f'{1e3 * spent["packed"]:>11.1f}{1e3 * spent["padded"]:>11.1f}{1e3 * spent["loop"]:>9.1f}'
            f'{spent["padded"] / spent["packed"]:>15.2f}{spent["loop"] / spent["packed"]:>13.2f}'
            f'{flops / spent["packed"] / statistics.median(rates):>8.2f}')


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what is of methods alone."""
    parser.add_argument('--method', nargs='+', metavar='NAME',
                        help=f'time the steps of these methods and nothing else; "{EVERY}" takes all')
    parser.add_argument('--settings', choices=SETTINGS, default='published',
                        help='of --method: those of THUMOS14, with D = 2048, or those for own videos, which are '
                        'smaller and of any --dim')
