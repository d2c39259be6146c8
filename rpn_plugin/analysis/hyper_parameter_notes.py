"""Tables of all hyper-parameters: meaning, values, what happens at both ends, measured curves."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from mmengine.config import Config

from rpn_plugin.analysis.across_sets import OWN, Curve
from rpn_plugin.analysis.hyper_parameters import KINDS, HyperParameter, apply, value_of
from rpn_plugin.analysis.search_choices import hyper_parameters_of, published_hyper_parameters

OPEN, OURS = 'ours (not published)', 'ours (not in the paper)'
"""In the place of the paper's value where it has such a number and does not state it, and where it has none."""


@dataclass(frozen=True)
class Note:
    """The meaning of a hyper-parameter, and what people want to know before they change it.

    Args:
        meaning: What it is.
        paper: The paper's value, :data:`OPEN` or :data:`OURS`.
        small: What happens at the lower end, or the first choice where there is no order.
        large: What happens at the upper end, or the last choice.
        absent: What holds where a config does not name it.
    """

    meaning: str
    paper: str
    small: str
    large: str
    absent: str = '-'


NOTES: Mapping[str, Note] = {
    'alpha': Note('weight of the clustering loss (eq. 11)', OPEN,
                  '0: snippets of a class are not drawn together; without one length, weighting may then collapse',
                  'snippets gather at the prototypes, and the classes are told apart less well'),
    'prototype gain': Note('scale of the initial weights of the last layer that makes the prototypes', OPEN,
                           'prototypes start almost at one point', 'prototypes start far from the snippets', '1'),
    'feature length': Note("length that every snippet's features are scaled to", OURS,
                           'distances shrink: gamma_c, gamma_t and alpha act as if they were smaller',
                           'distances grow: they act as if they were larger'),
    'length': Note('length that embedded snippets and prototypes are scaled to', OURS,
                   'the softmax over classes is soft, also in the loss', 'it is hard, also in the loss'),
    'standardize': Note('centre channels and scale a stream by its training videos', OURS,
                        'False: the other numbers mean something else for every kind of feature',
                        'True: they mean the same', 'False'),
    'share of the nearest': Note("share of a video's snippets that decide half of its class scores", OURS,
                                 'a few snippets decide', 'the background decides, too'),
    'epochs': Note('passes over the training videos', '1000', 'too few steps', 'takes longer, and may overfit'),
    'iterations': Note('training goes on until there were so many steps, whatever the epochs', OURS,
                       'small sets are trained too little', 'takes longer, and may overfit'),
    'E': Note('width of embedded snippets and prototypes', OPEN, 'too few directions for the classes',
              'more weights than a few videos can train'),
    'kernel': Note('snippets that the embedding sees at once, odd', OPEN, '1: each snippet by itself', 'borders blur'),
    'dropout': Note('share of embedded values that are dropped in training', OPEN, '0: none', 'learns slowly'),
    'streams': Note('a network for each stream, one on all streams, or both', 'each',
                    'each: streams meet in the suppression only', 'all of them: most time and memory'),
    'lr': Note("Adam's learning rate", '0.0001', 'needs more epochs', 'the losses jump, or become NaN'),
    'weight decay': Note("Adam's weight decay", OPEN, '0: none', 'weights stay near 0, and scores near equal', '0'),
    'attention lr_mult': Note('learning rate of the attention, as a share of lr', OURS,
                              'attention stays almost even over the video', '1: it learns at the rate of all', '1'),
    'batch size': Note('videos in a step', OPEN, 'noisy steps', 'fewer steps in an epoch'),
    'share of snippets': Note('share of the snippets that each epoch draws from a training video', OPEN,
                              'short instances are missed', '1: all of them'),
    'gamma_c': Note('hardness of the class distribution of a snippet (eq. 6)', OPEN,
                    '0: all classes are alike in every snippet', 'the nearest prototype takes all'),
    'gamma_t': Note('hardness of the softmax over time (eq. 12)', OPEN, '0: no weighting',
                    'one snippet takes all weight, and detections shrink to it'),
    'coverage': Note('share of a video that the softmax over time covers; gamma_t follows from it', OURS,
                     'few snippets have all weight', '1 would be no weighting'),
    'p_c': Note('a class below this video probability is not localized', '0.1',
                '0: every class is detected in every video', 'the less likely classes of a video are lost'),
    'n': Note('updates of the prototypes by the video at hand (alg. 1)', '2', '0: as they were learned',
              'they follow the video; testing takes longer'),
    'k / T': Note('share of the snippets that a prototype moves to', '0.1', 'the nearest snippet alone',
                  'the background, too'),
    'lambda': Note('how far it moves', '0.1', '0: it stays', '1: to the mean of those snippets'),
    'attention power': Note('the sequence is multiplied by the attention to this power', OURS,
                            '0: attention does not count', 'the most attended snippets alone count', '0'),
    'thresholds': Note("cuts, first:step:last, as shares of the sequence's range in the video",
                       'one cut; its value is ' + OPEN,
                       'low cuts only: long detections with background in them',
                       'high cuts only: instances in pieces'),
    'scales': Note('moving means, in snippets, after which the sequence is cut, too', OURS,
                   '1: every dip parts a detection', 'short instances are smoothed away', '1'),
    'confidence': Note('score of a detection', OPEN,
                       'mean, max: it need not stand out from what is around it',
                       'outer-inner: it must; with video, likely classes come first'),
    'video weight': Note('weight of the class score of the video in confidences with `+video`', OURS,
                         '0: does not count', 'the order within a video does not count'),
    'video power': Note('power of the class score of the video in confidences with `*video`', OURS,
                        '0: does not count', 'less likely classes of a video come last'),
    'inflation': Note('width of what is around a detection, as a share of its length', OURS,
                      'one snippet on either side', 'neighbouring instances count as surroundings'),
    'NMS': Note('suppression of overlapping detections, and its threshold or sigma', 'NMS; its threshold is ' + OPEN,
                'low: instances near each other suppress each other', 'high: an instance is found several times'),
}
"""By the name of the hyper-parameter."""


def format_values(configs: Mapping[str, Config]) -> str:
    """Return Markdown: meaning, values and key of every hyper-parameter.

    Args:
        configs: Of RPN, by the heading of their column.
    """
    lines = [_row('name', 'meaning', 'paper', *configs, 'key', 'read in'), _row(*['---'] * (5 + len(configs)))]
    for name, (one, *_) in _by_name(configs.values()).items():
        note, key = NOTES[name], next(iter(next(iter(one.choices.values()))))
        lines.append(_row(name, note.meaning, note.paper, *(_own(config, one, note.absent)
                                                            for config in configs.values()),
                          f'`{key}`', 'training' if one.kind == KINDS[0] else 'testing'))
    return '\n'.join(lines)


def format_ends(configs: Iterable[Config], measured: str, across: Mapping[str, Curve],
                own: Mapping[str, str]) -> str:
    """Return Markdown: what was tried of every hyper-parameter, what happens at both ends, and the measured curves.

    Args:
        configs: Of RPN.
        measured: Table of curves on one data set, as ``search_report`` writes it.
        across: Curves by hyper-parameter, and in them by data set.
        own: What the config of ``across`` had, by hyper-parameter.
    """
    on_one = _curves_on_one_set(measured)
    lines = ['| name | tried | small | large | measured: average mAP in % |', '| --- | --- | --- | --- | --- |']
    for name, of_configs in _by_name(configs).items():
        note, tried = NOTES[name], dict.fromkeys(map(_range, of_configs))
        curves = [f'ucf101: {on_one[name]}'] if name in on_one else []
        curves += [f'six sets: {_mean_curve(across[name], own[name])}'] if name in across else []
        lines.append(_row(name, '; '.join(tried), note.small, note.large, '; '.join(curves)))
    return '\n'.join(lines)


def _by_name(configs: Iterable[Config]) -> dict[str, list[HyperParameter]]:
    """Every hyper-parameter by name, those of training first, with its choices for each config."""
    found: dict[str, list[HyperParameter]] = {}
    for known in (*map(hyper_parameters_of, configs), published_hyper_parameters()):
        for one in known.values():
            found.setdefault(one.name, []).append(one)
    return dict(sorted(found.items(), key=lambda item: KINDS.index(item[1][0].kind)))


def _own(config: Config, hyper_parameter: HyperParameter, absent: str) -> str:
    """The choice that the config has, or its value where that is none of them."""
    stated = config.to_dict()
    try:
        value = value_of(config, hyper_parameter)
    except KeyError:
        return absent
    choice = next((choice for choice, changes in hyper_parameter.every_choice.items()
                   if apply(config, [changes]).to_dict() == stated), None)
    if choice is None:
        return 'together' if isinstance(value, Mapping) and len(value) == 1 else f'{value:g}'
    return _shown(choice)


def _in_order(choices: Iterable[str]) -> list[str]:
    """Choices by size, or as they are where they are no numbers."""
    choices = list(choices)
    with suppress(ValueError):
        return sorted(choices, key=float)
    return choices


def _range(hyper_parameter: HyperParameter) -> str:
    choices = _in_order(hyper_parameter.every_choice)
    with suppress(ValueError):
        return f'{float(choices[0]):g} to {float(choices[-1]):g}'
    return ', '.join(map(_shown, choices))


def _curves_on_one_set(table: str) -> dict[str, str]:
    """The rows of a written table, the chosen value in bold."""
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in table.splitlines() if line[:2] == '| ']
    return {name: _curve(dict(point.split(' ± ')[0].split(': ') for point in curve.split(', ')), chosen)
            for name, chosen, curve in rows[2:]}


def _mean_curve(curve: Curve, own: str) -> str:
    """The mean over the data sets of each choice."""
    means = {own if choice == OWN else choice: 100 * float(np.mean([np.mean(of_set[choice])
                                                                    for of_set in curve.values()]))
             for choice in next(iter(curve.values()))}
    return _curve({choice: f'{means[choice]:.1f}' for choice in _in_order(means)}, own)


def _curve(points: Mapping[str, str], own: str) -> str:
    return ', '.join(f'**{_shown(choice)}: {score}**' if choice == own else f'{_shown(choice)}: {score}'
                     for choice, score in points.items())


def _shown(choice: str) -> str:
    """A choice as Markdown shows it."""
    return choice.replace('*', r'\*')


def _row(*cells: str) -> str:
    return f'| {" | ".join(cells)} |'
