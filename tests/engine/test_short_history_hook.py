"""A history is bounded, and what is logged from it stays the same."""
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from mmengine.logging import MessageHub

from rpn_plugin.engine import ShortHistoryHook


def test_the_newest_values_are_kept() -> None:
    hub, hook = MessageHub('short history'), ShortHistoryHook(length=50)
    for step in range(200):
        hub.update_scalar('train/loss', float(step))
        hook.after_train_iter(SimpleNamespace(message_hub=hub), batch_idx=step)
    history = hub.get_scalar('train/loss')
    np.testing.assert_array_equal(history.data[0], np.arange(150, 200))
    assert len(history.data[1]) == 50 and history.mean(20) == np.mean(np.arange(180, 200))


def test_a_resumed_history_is_shortened() -> None:
    long, hub = MessageHub('before'), MessageHub('resumed')
    for step in range(200):
        long.update_scalar('train/loss', float(step))
    hub.load_state_dict(long.state_dict())
    for step in (200, 201):
        ShortHistoryHook(length=50).after_train_iter(SimpleNamespace(message_hub=hub), batch_idx=0)
        hub.update_scalar('train/loss', float(step))
    np.testing.assert_array_equal(hub.get_scalar('train/loss').data[0], np.arange(152, 202))
