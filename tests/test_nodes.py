"""One training on several machines, by the launchers that people type: two agents, Slurm and MPI on one machine."""
from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import ranks
import torch
from processes import start

from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic

REPOSITORY = Path(__file__).resolve().parents[1]
PROGRAMS = {
    # Keeps what a launcher starts as a task, for a process that need not import everything first.
    'python': 'folder=$TASKS/${SLURM_PROCID:-$OMPI_COMM_WORLD_RANK}; mkdir "$folder"; env -0 > "$folder/environment"\n'
              'printf "%s\\0" "$@" > "$folder/arguments"',
    # One task on each node, as Slurm starts them.
    'srun': 'case "$*" in *--ntasks=2*--ntasks-per-node=1*) ;; *) exit 9 ;; esac\n'
            'while [ "$1" != python ]; do shift; done\n'
            'for rank in 0 1; do SLURM_PROCID=$rank SLURM_LOCALID=0 SLURM_NODEID=$rank SLURM_NTASKS=2 '
            'SLURM_NNODES=2 SLURM_NODELIST="node[1-2]" "$@"; done',
    'scontrol': 'echo 127.0.0.1; echo 127.0.0.1',
    'mpirun': '[ "$1 $2" = "-np 2" ] || exit 9; shift 2\n'
              'for rank in 0 1; do OMPI_COMM_WORLD_RANK=$rank OMPI_COMM_WORLD_LOCAL_RANK=$rank '
              'OMPI_COMM_WORLD_SIZE=2 "$@"; done',
}
KILL_RANK_ONE = """
import os, signal
from mmaction.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook

@HOOKS.register_module()
class KillRankOne(Hook):
    def before_train_iter(self, runner, *arguments, **options):
        if runner.iter == 7 and get_rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
"""
OPTIONS = ['--seed', '0', '--resume', '--no-validate', '--cfg-options', 'env_cfg.dist_cfg.backend=gloo',
           'train_cfg.max_epochs=2', 'train_dataloader.batch_size=2', 'default_hooks.checkpoint.interval=1',
           'default_hooks.diagnosis.num_videos=1']


def free_port() -> str:
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return str(free.getsockname()[1])


@pytest.fixture(scope='module')
def environment(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Of a machine with these launchers, on which everybody is one of two nodes."""
    root = tmp_path_factory.mktemp('cluster')
    write_synthetic(root / 'data', SyntheticSettings(num_train=20, num_test=1, median_snippets=30))
    (root / 'bin').mkdir()
    for name, lines in PROGRAMS.items():
        (root / 'bin' / name).write_text(f'#!/usr/bin/env bash\nset -eu\n{lines}\n')
        (root / 'bin' / name).chmod(0o755)
    (root / 'kill_rank_one.py').write_text(KILL_RANK_ONE)
    (root / 'killed.py').write_text(f"_base_ = '{ranks.SYNTHETIC}'\n"
                                    "custom_imports = dict(imports=['rpn_plugin', 'kill_rank_one'])\n"
                                    "default_hooks = dict(kill=dict(type='KillRankOne'))\n")
    yield {**os.environ, 'RPN_SYNTHETIC_ROOT': str(root / 'data'), 'PATH': f'{root}/bin:{os.environ["PATH"]}',
           'PYTHONPATH': f'{REPOSITORY}:{root}', 'OMP_NUM_THREADS': '1', 'PYTHONWARNINGS': 'ignore'}


def run_tasks(command: list[str], tasks: Path, environment: dict[str, str], number: int = 2) -> str:
    """Run what a launcher starts, in the environment that it gives; what the first task printed."""
    tasks.mkdir()
    subprocess.run(command, cwd=REPOSITORY, env={**environment, 'TASKS': str(tasks)}, check=True)
    processes = [start(ranks.run_task, str(tasks / str(rank))) for rank in range(number)]
    for process in processes:
        process.join(400)
    outputs = [(tasks / str(rank) / 'output').read_text() for rank in range(number)]
    assert [process.exitcode for process in processes] == [0] * number, '\n'.join(outputs)
    return outputs[0]


def by_mpi(work_dir: Path, environment: dict[str, str]) -> str:
    command = ['mpirun', '-np', '2', 'python', 'tools/train.py', ranks.SYNTHETIC, '--launcher', 'mpi', '--work-dir',
               str(work_dir), *OPTIONS]
    return run_tasks(command, work_dir.with_suffix('.tasks'),
                     {**environment, 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': free_port()})


def by_slurm(work_dir: Path, environment: dict[str, str]) -> str:
    command = ['bash', 'tools/slurm_train.sh', 'partition', 'job', ranks.SYNTHETIC, '--work-dir', str(work_dir),
               *OPTIONS]
    return run_tasks(command, work_dir.with_suffix('.tasks'),
                     {**environment, 'GPUS': '2', 'GPUS_PER_NODE': '1', 'MASTER_PORT': free_port()})


def by_two_agents(config: Path, work_dir: Path, environment: dict[str, str]) -> list[tuple[int, str, float]]:
    """Status, last lines and time of the end of ``tools/dist_train.sh`` on each of two nodes."""
    port, nodes = free_port(), []
    for rank in range(2):
        log = work_dir.with_suffix(f'.{rank}.log')
        nodes.append((log, subprocess.Popen(
            ['bash', 'tools/dist_train.sh', str(config), '1', '--work-dir', str(work_dir), *OPTIONS],
            cwd=REPOSITORY, stdout=log.open('w'), stderr=subprocess.STDOUT,
            env={**environment, 'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}', 'NNODES': '2',
                 'NODE_RANK': str(rank), 'PORT': port})))
    ends: dict[int, float] = {}
    began = time.monotonic()
    try:
        while len(ends) < 2 and time.monotonic() - began < 400:
            time.sleep(0.2)
            ends |= {rank: time.monotonic() for rank, (_, node) in enumerate(nodes)
                     if rank not in ends and node.poll() is not None}
    finally:
        for _, node in nodes:
            node.kill()
            node.wait()
    return [(node.returncode, log.read_text(), ends[rank]) for rank, (log, node) in enumerate(nodes)]


def last_state(work_dir: Path) -> dict:
    checkpoint = torch.load((work_dir / 'last_checkpoint').read_text())
    return dict(model=checkpoint['state_dict'], optimizer=checkpoint['optimizer'],
                iterations=checkpoint['meta']['iter'])


@pytest.fixture(scope='module')
def unbroken(environment, tmp_path_factory) -> dict:
    """The state after a training that MPI's launcher started and nothing stopped."""
    work_dir = tmp_path_factory.mktemp('unbroken') / 'work'
    by_mpi(work_dir, environment)
    return last_state(work_dir)


@pytest.fixture(scope='module')
def killed(environment, tmp_path_factory) -> tuple[Path, list[tuple[int, str, float]]]:
    """Work directory and ends of a training on two nodes, of which the process of the second one was killed."""
    work_dir = tmp_path_factory.mktemp('killed') / 'work'
    return work_dir, by_two_agents(Path(environment['RPN_SYNTHETIC_ROOT']).parent / 'killed.py', work_dir, environment)


def test_the_other_node_ends_within_a_minute_with_one_line_that_says_why(killed) -> None:
    work_dir, [(first_status, first_log, first_end), (second_status, second_log, second_end)] = killed
    assert first_status and second_status and abs(first_end - second_end) < 60
    line, = [line for line in first_log.splitlines() if 'error: ' in line]
    assert 'process 0 of 2 no longer reaches another one, which has ended, or' in line and '--resume' in line
    assert 'Traceback' not in first_log.split(line)[0] and 'SIGKILL' in second_log
    assert last_state(work_dir)['iterations'] == 5


def test_slurm_goes_on_with_what_two_agents_began_and_ends_as_the_unbroken_training(
        killed, unbroken, environment, tmp_path) -> None:
    shutil.copytree(killed[0], tmp_path / 'work')
    (tmp_path / 'work' / 'last_checkpoint').write_text(str(tmp_path / 'work' / 'epoch_1.pth'))
    by_slurm(tmp_path / 'work', environment)
    found = last_state(tmp_path / 'work')
    assert found['iterations'] == unbroken['iterations'] == 10
    torch.testing.assert_close(found, unbroken, rtol=0, atol=0)


def test_another_number_of_processes_goes_on_and_says_what_differs(killed, environment, tmp_path) -> None:
    shutil.copytree(killed[0], tmp_path / 'work')
    (tmp_path / 'work' / 'last_checkpoint').write_text(str(tmp_path / 'work' / 'epoch_1.pth'))
    (tmp_path / 'tasks').mkdir()
    task = tmp_path / 'tasks' / '0'
    task.mkdir()
    (task / 'environment').write_text(''.join(f'{key}={value}\0' for key, value in environment.items()))
    arguments = ['tools/train.py', ranks.SYNTHETIC, '--work-dir', str(tmp_path / 'work'), *OPTIONS]
    (task / 'arguments').write_text('\0'.join([*arguments, '']))
    process = start(ranks.run_task, str(task))
    process.join(400)
    output = (task / 'output').read_text()
    assert process.exitcode == 0, output
    assert 'number of processes: 1, and 2 in the checkpoint' in output
    assert last_state(tmp_path / 'work')['iterations'] == 15, 'an epoch of 10 steps follows the one of 5'
