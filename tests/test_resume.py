"""A training that is killed at any moment and resumed gives the numbers of one that was not."""
from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from pathlib import Path

import killable
import pytest
import ranks
import torch
from processes import run_ranks, start

from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic

EPOCHS, STEPS_PER_EPOCH = 4, 5
KILLS = 20


class Unbroken:
    """A training that was left alone, and what the others must equal.

    Args:
        work_dir: Of it.
    """

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir
        started = time.monotonic()
        process = start(killable.train, str(work_dir), 0, EPOCHS)
        process.join()
        self.duration_sec = time.monotonic() - started
        assert process.exitcode == 0
        assert len(self.losses(work_dir)) == EPOCHS * STEPS_PER_EPOCH

    @staticmethod
    def losses(work_dir: Path) -> set[str]:
        """Lines ``iteration loss``; a step that was repeated with another loss has two."""
        return set((work_dir / 'losses.txt').read_text().splitlines())

    def assert_equals(self, work_dir: Path) -> None:
        """Every loss ever computed there, the weights and the optimizer's state are the same, bit for bit."""
        assert self.losses(work_dir) == self.losses(self.work_dir)
        ours, other = (torch.load(folder / 'final.pt') for folder in (self.work_dir, work_dir))
        torch.testing.assert_close(other, ours, rtol=0, atol=0)


@pytest.fixture(scope='module')
def unbroken(tmp_path_factory) -> Unbroken:
    root = tmp_path_factory.mktemp('resume')
    with pytest.MonkeyPatch.context() as environment:
        write_synthetic(root / 'data', SyntheticSettings(num_train=20, num_test=5, median_snippets=40))
        environment.setenv('RPN_SYNTHETIC_ROOT', str(root / 'data'))
        Unbroken(root / 'warm_up')
        yield Unbroken(root / 'unbroken')


def test_twenty_kills_at_random_moments_change_no_number(unbroken, tmp_path) -> None:
    moments, kills, runs, while_writing = random.Random(0), 0, 0, 0
    while kills < KILLS:
        work_dir = tmp_path / str(runs)
        exit_code = -signal.SIGKILL
        while exit_code == -signal.SIGKILL:
            process = start(killable.train, str(work_dir), 2 * (runs % 2), EPOCHS)
            process.join(moments.uniform(0, unbroken.duration_sec) if kills < KILLS else None)
            process.kill()
            process.join()
            exit_code = process.exitcode
            kills += exit_code == -signal.SIGKILL
            while_writing += any(work_dir.glob('.part-*'))
        assert exit_code == 0
        unbroken.assert_equals(work_dir)
        runs += 1
    print(f'torch {torch.__version__}: {kills} kills in {runs} runs of {EPOCHS} epochs of {STEPS_PER_EPOCH} steps, '
          f'{while_writing} of them while a file was written')


def test_a_kill_before_any_step_of_writing_leaves_the_last_checkpoint_whole(unbroken, tmp_path) -> None:
    operation, exit_code = 0, -signal.SIGKILL
    while exit_code == -signal.SIGKILL:
        process = start(killable.train, str(tmp_path), 0, EPOCHS, operation)
        process.join()
        exit_code = process.exitcode
        if (tmp_path / 'last_checkpoint').exists():
            assert torch.load((tmp_path / 'last_checkpoint').read_text())['meta']['iter'] % STEPS_PER_EPOCH == 0
        operation += 1
    assert exit_code == 0 and operation > 9, 'a checkpoint takes nine operations'
    unbroken.assert_equals(tmp_path)
    assert [path.name for path in tmp_path.glob('*.pth')] == [f'epoch_{EPOCHS}.pth']


def test_two_ranks_resume_exactly(unbroken, tmp_path) -> None:
    for name, stops in (('straight', [EPOCHS]), ('stopped', [2, EPOCHS])):
        for epochs in stops:
            run_ranks(2, killable.train, str(tmp_path / name), 0, epochs)
    assert Unbroken.losses(tmp_path / 'straight') == Unbroken.losses(tmp_path / 'stopped')
    assert len(Unbroken.losses(tmp_path / 'straight')) == 2 * 3 * EPOCHS, 'of both ranks, each with 3 steps'


def test_the_tools_resume_option_continues(unbroken, tmp_path) -> None:
    arguments = ['train.py', ranks.SYNTHETIC, '--work-dir', str(tmp_path), '--seed', '0', '--no-validate']
    for epochs in (1, 2):
        process = start(ranks.run_tool, *arguments, '--resume', '--cfg-options', f'train_cfg.max_epochs={epochs}',
                        'default_hooks.logger.interval=1')
        process.join()
        assert process.exitcode == 0
    lines = [line for path in tmp_path.glob('*/vis_data/scalars.json') for line in path.read_text().splitlines()]
    assert Counter(json.loads(line)['epoch'] for line in lines) == {1: 2, 2: 2}
