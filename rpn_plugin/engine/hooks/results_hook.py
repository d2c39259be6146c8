"""The numbers of a run as a file and a picture in its folder."""
from __future__ import annotations

import datetime
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import Runner

import rpn_plugin
from rpn_plugin.command_line import reason
from rpn_plugin.engine.hooks.training_sets import innermost_datasets
from rpn_plugin.evaluation import WTALMetric
from rpn_plugin.evaluation.report import as_plain
from rpn_plugin.files import written_whole
from rpn_plugin.provenance import versions
from rpn_plugin.visualization import save_figure
from rpn_plugin.visualization.results import draw_results

RESULTS, PICTURE = 'results.json', 'results.png'
SETTINGS = ('model', 'train_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'test_dataloader',
            'test_evaluator')


@HOOKS.register_module()
class ResultsHook(Hook):
    """Writes ``results.json`` and ``results.png`` to the work directory after each validation and test.

    The file has mAP per tIoU, average precision per class, every rule of the protocol, the data, the settings, the
    checkpoint and the versions, all that ``rpn compare`` needs. The newest numbers take the place of older ones. What
    cannot be written is a warning, and the run goes on.
    """

    priority = 'LOWEST'

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Write what a validation gave."""
        if is_main_process():
            self._write(runner, runner.val_loop.evaluator, dict(
                of='validation', epoch=runner.epoch, iterations=runner.iter, metrics=metrics or {},
                data=_described_data(runner.val_dataloader)))

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Write what a test gave."""
        if is_main_process():
            self._write(runner, runner.test_loop.evaluator, dict(
                of='test', checkpoint=runner._load_from, metrics=metrics or {},
                data=_described_data(runner.test_dataloader)))

    def _write(self, runner: Runner, evaluator: Evaluator, content: dict[str, Any]) -> None:
        results = [metric.result for metric in evaluator.metrics if isinstance(metric, WTALMetric) and metric.result]
        content = dict(
            content, evaluations=[as_plain(result) for result in results],
            config=runner.cfg.filename, seed=runner.seed,
            settings={name: runner.cfg[name] for name in SETTINGS if name in runner.cfg},
            versions=dict(rpn_plugin=rpn_plugin.__version__, **versions()),
            time=datetime.datetime.now().astimezone().isoformat(timespec='seconds'))
        folder = Path(runner.work_dir)
        try:
            with written_whole(folder / RESULTS) as temporary:
                temporary.write_text(json.dumps(_plain(content), indent=1, allow_nan=False), encoding='utf-8')
            if results:
                first = results[0]
                title = f'{folder.name}, {content["of"]}: mAP {100 * first.average_map:.2f} %, {first.protocol.name}'
                save_figure(draw_results(first.protocol.tiou_thresholds, first.mean_ap.tolist(),
                                         dict(zip(first.classes, first.average_precision.tolist())),
                                         first.protocol.averaged.tolist(), title), folder / PICTURE)
        except Exception as error:  # the numbers are in the log; no file is worth a training
            runner.logger.warning(f'{folder / RESULTS} or {PICTURE} could not be written: {reason(error)}')
        else:
            runner.logger.info(f'Results: {folder / RESULTS}' + (f', {folder / PICTURE}' if results else ''))


def _described_data(loader: Any) -> list[dict[str, Any]]:
    """The data sets in a loader: annotation file with its content's digest, subset, number of videos."""
    described = []
    for dataset in innermost_datasets(loader.dataset):
        file = Path(getattr(dataset, 'ann_file', '') or '')
        digest = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
        described.append(dict(annotations=str(file), sha256=digest, subset=getattr(dataset, 'subset', None),
                              videos=len(dataset), recipe=(getattr(dataset, 'metainfo', None) or {}).get('recipe')))
    return described


def _plain(value: Any) -> Any:
    """A value as JSON has it; numbers that are not finite are null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
