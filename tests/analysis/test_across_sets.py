"""One default for several sets: chosen by the mean, against its error, and never by the set that is left out."""
from __future__ import annotations

import numpy as np
import pytest

from rpn_plugin.analysis.across_sets import OWN, choose, choose_all, format_curves, format_variants
from rpn_plugin.analysis.hyper_parameters import HyperParameter

SETS = ['a', 'b', 'c', 'd']


def curve(**gains: list[float]) -> dict[str, dict[str, tuple[float, ...]]]:
    """Scores of two trainings on every set: 0.5 as the config is, and so much more with each choice."""
    return {name: {OWN: (0.4, 0.6), **{choice: (0.4 + of_sets[place], 0.6 + of_sets[place])
                                       for choice, of_sets in gains.items()}} for place, name in enumerate(SETS)}


def test_the_best_mean_is_chosen() -> None:
    assert choose(curve(low=[.01, .02, .01, .02], high=[.03, .02, .03, .03], worse=[-.1] * 4), SETS) == 'high'


def test_a_gain_within_its_standard_error_changes_nothing() -> None:
    assert choose(curve(one_set_decides=[.2, -.03, -.03, -.03]), SETS) == OWN
    assert choose(curve(worse=[-.01] * 4), SETS) == OWN
    assert choose(curve(hardly=[.001] * 4), SETS) == OWN


def test_a_set_that_is_left_out_has_no_say() -> None:
    curves = dict(gamma=curve(best_on_a=[.5, -.02, -.01, -.02], best_elsewhere=[-.4, .03, .02, .03]),
                  alpha=curve(worse=[-.1] * 4))
    chosen = choose_all(curves)
    assert chosen['without']['a'] == dict(gamma='best_elsewhere') and list(chosen['without']) == SETS
    assert chosen['on']['a'] == dict(gamma='best_on_a')
    curves['gamma']['a']['best_elsewhere'] = (0.0, 0.0)
    assert choose_all(curves)['without']['a'] == chosen['without']['a']
    assert 'alpha' not in chosen['all']['']


def test_tables_hold_every_mean_and_the_paired_test() -> None:
    known = dict(gamma=HyperParameter('gamma', dict.fromkeys(('low', 'high')), 'training'))
    lines = format_curves(dict(gamma=curve(low=[.01] * 4, high=[.1, .2, .3, .4])), known).splitlines()
    assert lines[-1] == '| gamma | high | 60.0 | 70.0 | 80.0 | 90.0 | 75.0 |' and '50.0' in lines[2]
    results = dict(full=dict(x=(.5, .6), y=(.2, .4)), less=dict(x=(.4, .55), y=(.15, .2)))
    full, less = format_variants(results, 'full').splitlines()[2:]
    assert full == '| full | 55.0 ± 7.1 | 30.0 ± 14.1 | 42.5 | +0.0 |  |'
    cells = less.split(' | ')
    assert cells[1:5] == ['47.5 ± 10.6', '17.5 ± 3.5', '32.5', '-10.0']
    differences = np.array([-.1, -.05, -.05, -.2])
    t = differences.mean() / (differences.std(ddof=1) / 2)  # 3 degrees of freedom: p by the closed form
    p = 1 - 2 / np.pi * (np.arctan(abs(t) / 3**.5) + abs(t) / 3**.5 / (1 + t**2 / 3))
    assert float(cells[5].rstrip(' |')) == pytest.approx(p, rel=.05)
