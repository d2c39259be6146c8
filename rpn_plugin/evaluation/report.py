"""Evaluation results as text for people."""
from __future__ import annotations

from rpn_plugin.evaluation.functional import LocalizationResult


def format_table(result: LocalizationResult) -> str:
    """AP per class and tIoU and their mean, in percent, under the name of the protocol."""
    thresholds = result.protocol.tiou_thresholds
    width = max(map(len, (*result.classes, 'class')))
    rows = [(name, count, precision)
            for name, count, precision in zip(result.classes, result.num_instances, result.average_precision)]
    rows.append(('mAP', int(result.num_instances.sum()), result.mean_ap))
    averaged = result.protocol.averaged
    lines = [f'protocol {result.protocol.name}; AP in % at tIoU; AVG over '
             f'{result.protocol.average_over[0]:g}..{result.protocol.average_over[-1]:g}',
             f'{"class":<{width}}  instances' + ''.join(f'{threshold:>7.2f}' for threshold in thresholds) + '    AVG']
    for name, count, precision in rows:
        values = ''.join(f'{100 * value:>7.2f}' for value in (*precision, precision[averaged].mean()))
        lines.append(f'{name:<{width}}  {count:>9}{values}')
    return '\n'.join(lines)
