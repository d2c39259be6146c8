"""A copy of the project in which the documentation's commands run as they are written, on made data."""
from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import torch
from made_videos import write_documented_videos
from published import write_documented_releases

from rpn_plugin import config_files

REPOSITORY = Path(__file__).resolve().parents[1]
FAKE_SRUN = """#!/usr/bin/env bash
# Stands in for Slurm: keeps what follows srun's own options and runs it as the only task.
while [ "$1" != python ]; do shift; done
export SLURM_PROCID=0 SLURM_NTASKS=1 SLURM_LOCALID=0 SLURM_NODELIST=localhost MASTER_ADDR=127.0.0.1
exec "$@"
"""


def commands(document: Path) -> list[str]:
    """Commands of a document's ``bash`` blocks, continued lines joined, comments dropped."""
    blocks = re.findall(r'^```bash\n(.*?)^```', document.read_text(), re.M | re.S)
    lines = '\n'.join(blocks).replace('\\\n', ' ').splitlines()
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith('#')]


class Sandbox:
    """The project copied to ``root``, with one-epoch schedules, CPU processes and made data.

    Args:
        root: Where to put it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        left_out = shutil.ignore_patterns('.git', '.venv', 'work_dirs', '*.egg-info', '__pycache__')
        shutil.copytree(REPOSITORY, root, ignore=left_out)
        shutil.rmtree(root / 'data', ignore_errors=True)
        self._reuse_interpreter()
        self._shorten()
        (root / 'bin').mkdir()
        (root / 'bin' / 'srun').write_text(FAKE_SRUN)
        (root / 'bin' / 'srun').chmod(0o755)
        self.environment = {
            **os.environ, 'PATH': f'{root}/bin:{root}/.venv/bin:{os.environ["PATH"]}', 'OMP_NUM_THREADS': '1',
            'RPN_SHARED_DATA': str(root / 'shared'), 'PORT': str(20000 + os.getpid() % 10000),
            'PYTEST_ADDOPTS': '--collect-only', 'PYTHONWARNINGS': 'ignore',
            'RPN_BROWSER_TRIED': 'yes',  # a test installs nothing on the machine
        }
        self.environment.pop('RPN_CUSTOM_ROOT', None)  # the documents say data/custom
        names = ('rpn_unt_thumos', 'rpn_i3d_anet12', 'rpn_unt_anet12', 'rpn_vgg16_ucf101')
        write_documented_releases(root)
        write_documented_videos(root)
        self.run('python tests/clip_data.py data')
        self.run('python tests/config_data.py ' + ' '.join(f'configs/{name}.py' for name in names))

    def run(self, command: str) -> str:
        """Run one command; its output, or an AssertionError with it."""
        if command.startswith('python tools/') and not set(command) & set('|;&<>'):
            expanded = subprocess.run(['bash', '-c', f'printf "%s\\0" {command}'], cwd=self.root, env=self.environment,
                                      capture_output=True, text=True, check=True).stdout
            return self._run_in_a_fork(command, expanded.split('\0')[1:-1])
        run = subprocess.run(['bash', '-c', command], cwd=self.root, env=self.environment, capture_output=True,
                             text=True)
        output = run.stdout + run.stderr
        assert run.returncode == 0, f'{command}\n{output[-4000:]}'
        return output

    def _run_in_a_fork(self, command: str, words: list[str]) -> str:
        """Run a Python tool in a copy of this process, which saves the start of an interpreter with all its imports."""
        log = self.root / 'fork.log'
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with log.open('w') as output:
                    os.dup2(output.fileno(), 1)
                    os.dup2(output.fileno(), 2)
                sys.stdout, sys.stderr = os.fdopen(1, 'w'), os.fdopen(2, 'w')
                os.chdir(self.root)
                os.environ.clear()
                os.environ.update(self.environment)
                torch.set_num_threads(1)
                config_files.PACKAGE = self.root / 'rpn_plugin'  # whose configs are short
                sys.argv, sys.path[0] = words, str((self.root / words[0]).parent)
                runpy.run_path(words[0], run_name='__main__')
                status = 0
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else int(end.code is not None)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status == 0, f'{command}\n{log.read_text()[-4000:]}'
        return log.read_text()

    def _reuse_interpreter(self) -> None:
        """A .venv that is this interpreter's environment and counts as installed."""
        venv = self.root / '.venv'
        venv.mkdir()
        for entry in Path(sys.prefix).iterdir():
            (venv / entry.name).symlink_to(entry)
        pinned = (self.root / 'requirements' / 'tested.txt').read_bytes()
        checksum = subprocess.run(['cksum'], input=pinned, capture_output=True, check=True).stdout.decode().split()
        (venv / f'installed-{checksum[0]}-{checksum[1]}').touch()

    def _shorten(self) -> None:
        base = self.root / 'configs' / '_base_'
        with open(base / 'schedules' / 'adam_1000e.py', 'a') as schedule:
            schedule.write('train_cfg.update(max_epochs=1, val_interval=1)\n')
        runtime = base / 'default_runtime.py'
        runtime.write_text(runtime.read_text().replace("'nccl'", "'gloo'").replace('interval=50', 'interval=1'))
        configs = self.root / 'configs'
        for path in (*configs.glob('rpn_*.py'), *configs.glob('*/*_custom.py'), base / 'schedules/adam_own_videos.py'):
            path.write_text(re.sub(r'\b(max_epochs|val_interval|min_iters)=\d+', r'\1=1', path.read_text()))
