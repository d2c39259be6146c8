"""The evaluation comes without the host, and the host finds every part all the same, whatever is imported first."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.smoke

REPOSITORY = Path(__file__).resolve().parents[1]
EVALUATE_THEN_BUILD = """
import sys, time
start = time.process_time()
from rpn_plugin.evaluation import GroundTruth, evaluate_localization
from rpn_plugin.evaluation.report import format_table
print(sorted({'torch', 'mmengine', 'mmaction', 'mmcv', 'matplotlib', 'scipy', 'rpn_plugin.models'} & {*sys.modules}))
print(time.process_time() - start < 1)
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmaction.registry import HOOKS, METRICS, MODELS
config = Config.fromfile('configs/rpn_synthetic.py')
init_default_scope(config.default_scope)
print(type(METRICS.build(config.test_evaluator)).__name__, type(HOOKS.build(dict(type='StepSeedHook'))).__name__)
import mmaction.models
print(MODELS.get('mmaction.RPNHead').__module__)
"""


def test_evaluation_imports_no_host_and_the_host_finds_every_part_later(python: str) -> None:
    run = subprocess.run([python, '-W', 'ignore', '-c', EVALUATE_THEN_BUILD], capture_output=True, text=True,
                         cwd=REPOSITORY)
    assert run.stdout.splitlines() == ['[]', 'True', 'WTALMetric StepSeedHook', 'rpn_plugin.models.heads.rpn_head'], \
        run.stdout + run.stderr
