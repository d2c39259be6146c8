"""Ends a training that is asked to end, with a checkpoint from which it can be resumed."""
from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_reduce, barrier, get_comm_device, get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from rpn_plugin.engine.hooks.atomic_checkpoint_hook import AtomicCheckpointHook

SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, 'SIGHUP') else [])]


def _begin_worker(begin: Callable[[int], None] | None, worker: int) -> None:
    """Keep a worker of a data loader alive when its whole process group gets a signal, for the step that goes on.

    SIGTERM ends it only where its parent sends it; on systems that do not tell the sender, whoever does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, 'sigwaitinfo'):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # so that the thread gets it
        threading.Thread(target=_obey_parent, daemon=True).start()
    if begin is not None:
        begin(worker)


def _obey_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)


def group_is_on_device() -> bool:
    """Return whether processes talk to each other by their devices, as with NCCL."""
    return get_world_size() > 1 and get_comm_device().type != 'cpu'


@HOOKS.register_module()
class InterruptionHook(Hook):
    """Saves a checkpoint after the update that is being computed when Ctrl-C or SIGTERM comes, and ends the process.

    The exit status is the shell's: 130 for Ctrl-C, 143 for SIGTERM, which batch systems and containers send before they
    kill, 129 where the terminal is gone. What the process was told to ignore (``nohup``) stays ignored.

    A run that is resumed from the checkpoint computes what an unbroken one would have. Processes of a group end
    together when one of them is asked; on GPUs after one step more, so that none waits for its GPU in every step. A
    validation is cut short on one process; on several, or where EMA weights are in the model meanwhile, its end is
    waited for. A second Ctrl-C ends a single process at once. A signal to the whole process group does not take the
    workers of the data loaders away from the step.

    Without :class:`AtomicCheckpointHook` nothing is saved.
    """

    priority = 'LOWEST'

    def __init__(self) -> None:
        self._asked = 0
        self._running: Runner | None = None
        self._answer: tuple[torch.Tensor, torch.cuda.Event] | None = None
        self._previous: dict[int, Any] = {}

    def before_train(self, runner: Runner) -> None:
        """Listen for signals, in the main thread, which alone can."""
        self._asked, self._running, self._answer = 0, runner, None
        for loop in (runner.train_loop, runner.val_loop):
            if loop is not None:
                loop.dataloader.worker_init_fn = partial(_begin_worker, loop.dataloader.worker_init_fn)
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._ask) for number in SIGNALS
                              if signal.getsignal(number) not in (signal.SIG_IGN, None)}

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: Mapping[str, Any] | None = None) -> None:
        """End here if a process was asked to; the loop has not counted this step yet."""
        wrapper = runner.optim_wrapper
        if isinstance(wrapper, OptimWrapper) and not wrapper.should_update():
            return  # a checkpoint does not hold the gradients that are accumulated for the next update
        number = self._agreed_late() if group_is_on_device() else self._agreed()
        if number:
            self._end(number, runner, runner.iter + 1)

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """End here where that is safe."""
        if self._asked and get_world_size() == 1 and not any(isinstance(hook, EMAHook) for hook in runner.hooks):
            self._end(self._asked, runner, runner.iter)

    def after_val(self, runner: Runner) -> None:
        """End after a validation during a training."""
        number = self._agreed() if self._running else 0
        if number:
            self._end(number, runner, runner.iter)

    def after_train(self, runner: Runner) -> None:
        """Listen no longer; a signal after the last step ends the process all the same, with everything saved."""
        number = self._agreed()
        self._stop_listening()
        if number:
            raise SystemExit(128 + number)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        """Note a signal. Where no training runs (any more), or at a second Ctrl-C, do what would be done without us."""
        again = self._asked == number == signal.SIGINT and get_world_size() == 1
        if again or not self._is_running(frame):
            self._stop_listening()
            os.kill(os.getpid(), number)
            return
        self._asked = number
        message = f'{signal.Signals(number).name}: the training ends after this step.\n'
        with suppress(OSError):  # the terminal may be gone
            os.write(2, message.encode())  # not by the logger, which the signal may have come into the middle of

    def _is_running(self, frame: FrameType | None) -> bool:
        """Whether the training loop is among the callers; it is not where it ended by an error."""
        while frame is not None and self._running is not None:
            if frame.f_code.co_name == 'run' and frame.f_locals.get('self') is self._running.train_loop:
                return True
            frame = frame.f_back
        return False

    def _stop_listening(self) -> None:
        self._running = None
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}

    def _agreed(self) -> int:
        """The signal that any process of the group got; 0 for none."""
        asked = torch.tensor(self._asked)
        all_reduce(asked, op='max')
        return int(asked)

    def _agreed_late(self) -> int:
        """As :meth:`_agreed`, one step later: on devices the answer is fetched while the next step is prepared."""
        asked = torch.full((), self._asked, device=get_comm_device())
        all_reduce(asked, op='max')
        before, fetched = self._answer, asked.to('cpu', non_blocking=True)
        self._answer = fetched, torch.cuda.Event()
        self._answer[1].record()
        if before is None:
            return 0
        before[1].synchronize()
        return int(before[0])

    def _end(self, number: int, runner: Runner, done: int) -> None:
        hook = next((hook for hook in runner.hooks if isinstance(hook, AtomicCheckpointHook)), None)
        saved = 'nothing was saved, since there is no AtomicCheckpointHook'
        if hook:
            saved = f'{hook.save_interrupted(runner, done)} was saved; go on with --resume'
        runner.logger.warning(f'Ended by {signal.Signals(number).name} after {done} iterations: {saved}.')
        barrier()  # a launcher ends the others when the first process is gone
        self._stop_listening()
        raise SystemExit(128 + number)
