"""Evaluation results as text for people and as files."""
from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from rpn_plugin.evaluation.comparison import Comparison
from rpn_plugin.evaluation.functional import LocalizationResult
from rpn_plugin.evaluation.ground_truth import GroundTruth
from rpn_plugin.evaluation.protocols import rounded_tiou, tiou_name
from rpn_plugin.files import written_whole
from rpn_plugin.shown_names import csv_cell, markdown_row
from rpn_plugin.structures import same_video_names


def format_table(result: LocalizationResult) -> str:
    """Format AP per class and tIoU and their mean, in percent, under the name of the protocol."""
    width = max(map(len, (*result.classes, 'class')))
    lines = [_title(result), f'{"class":<{width}}  instances'
             + ''.join(f'{tiou_name(threshold):>7}' for threshold in result.protocol.tiou_thresholds) + '    AVG']
    for name, count, values in _rows(result):
        lines.append(f'{name:<{width}}  {count:>9}' + ''.join(f'{100 * value:>7.2f}' for value in values))
    return '\n'.join(lines)


def format_notes(result: LocalizationResult) -> str:
    """Say what was scored, what was not, and how the protocol takes what is odd; a line each."""
    counts, protocol = result.counts, result.protocol
    expected = protocol.video_set.num_videos
    lines = [f'video set {protocol.video_set.name}: {counts["videos"]} videos with {counts["instances"]} instances; '
             f'{counts["scored"]} of {counts["detections"]} detections scored']
    if expected not in (None, counts['videos']):
        lines.append(f'warning: a complete ground truth of {protocol.video_set.name} has {expected} videos')
    rules = protocol.described()
    for key, text in (
            ('on_excluded_videos', 'detections left out: they are on videos that the set leaves out'),
            ('of_other_classes', 'detections left out: their class has no instance here'),
            ('dropped_on_other_videos', 'detections left out: they are on videos without instances here'),
            ('dropped_in_ambiguous_intervals', 'detections left out: they overlap ambiguous intervals'),
            ('on_unknown_videos', f'detections on videos that the ground truth lacks: {rules["other_videos"]}'),
            ('reversed', f'detections end before they start: {rules["borders"]}'),
            ('empty', f'detections end where they start: {rules["borders"]}'),
            ('reversed_instances', f'instances end before they start: {rules["borders"]}'),
            ('empty_instances', f'instances end where they start: {rules["borders"]}')):
        if counts.get(key):
            lines.append(f'{counts[key]} {text}')
    return '\n'.join(lines)


def describe_coverage(detections: Collection[str], truth: GroundTruth) -> list[str]:
    """Say which annotated videos a file of detections lacks, a line for each probable reason; none if it has all.

    Args:
        detections: Names of its videos.
        truth: What they are scored on.
    """
    annotated = [video for video, found in truth.segments.items() if len(found.labels)]
    missing = [video for video in annotated if video not in detections]
    lines = []
    respelled = same_video_names([name for name in detections if name not in truth.segments], missing)
    if respelled:
        lines.append(f'warning: {len(respelled)} videos have another name in the detections, such as '
                     f'{respelled[0][0]!r} for {respelled[0][1]!r}: they count as not detected. Rename them.')
    for subset in dict.fromkeys(truth.subsets.get(video) for video in missing):
        of_subset = [video for video in annotated if truth.subsets.get(video) == subset]
        if subset is not None and len(of_subset) < len(annotated) and not {*of_subset} & {*detections}:
            lines.append(f'warning: no video of subset {subset!r} ({len(of_subset)} with instances) has detections. '
                         f'Should one subset be scored? Name it: --subset.')
    if missing:
        lines.append(f'warning: {len(missing)} of {len(annotated)} annotated videos have no detection, so that all of '
                     f'their instances count as missed: {", ".join(missing[:5])}{", ..." if missing[5:] else ""}')
    return lines


def format_comparison(comparison: Comparison) -> str:
    """Set two protocols side by side: mAP in percent, the rules that differ, and what each is worth here."""
    first, second = comparison.first, comparison.second
    names = [result.protocol.name for result in (first, second)]
    width = max(map(len, names)) + 2
    lines = ['mAP in %  ' + ''.join(f'{name:>{width}}' for name in names) + '  difference']
    by_threshold = [{rounded_tiou(threshold): value for threshold, value in
                     zip(result.protocol.tiou_thresholds, result.mean_ap)} for result in (first, second)]
    for threshold in sorted(by_threshold[0].keys() | by_threshold[1].keys()):
        cells = [values.get(threshold) for values in by_threshold]
        lines.append(_side_by_side(f'{tiou_name(threshold):<10}', cells, width))
    lines.append(_side_by_side(f'{"AVG":<10}', [first.average_map, second.average_map], width))
    lines += ['', 'rules that differ']
    described = [result.protocol.described() for result in (first, second)]
    for rule in (rule for rule in described[0] if described[0][rule] != described[1][rule]):
        lines += [f'  {rule}', *(f'    {name:<{width}}{rules[rule]}' for name, rules in zip(names, described))]
    lines += ['', *_steps(comparison, names), '', *_class_differences(comparison, width)]
    return '\n'.join(lines)


def write_result(path: str | Path, results: Sequence[LocalizationResult]) -> None:
    """Write results as ``.json``, ``.csv`` or ``.md``; the JSON of one result is an object, that of several a list.

    Raises:
        ValueError: If the name has another ending.
    """
    write = FORMATS.get(Path(path).suffix)
    if write is None:
        raise ValueError(f'{path}: results are written by ending, one of {", ".join(FORMATS)}.')
    with written_whole(path) as temporary:
        temporary.write_text(write(results), encoding='utf-8')


def as_plain(result: LocalizationResult) -> dict[str, Any]:
    """Return the content of the JSON of a result; numbers are in [0, 1]."""
    return dict(
        protocol=result.protocol.name, video_set=result.protocol.video_set.name,
        tiou=[*map(rounded_tiou, result.protocol.tiou_thresholds)], mAP=result.mean_ap.tolist(),
        mAP_avg=result.average_map, averaged_over=[*map(rounded_tiou, result.protocol.average_over)],
        ap=dict(zip(result.classes, result.average_precision.tolist())),
        num_instances=dict(zip(result.classes, result.num_instances.tolist())), counts=dict(result.counts),
        rules=result.protocol.described())


def _title(result: LocalizationResult) -> str:
    averaged = result.protocol.average_over
    return f'protocol {result.protocol.name}; AP in % at tIoU; AVG over {averaged[0]:g}..{averaged[-1]:g}'


def _rows(result: LocalizationResult) -> list[tuple[str, int, list[float]]]:
    """(name, instances, H values and their average) of each class and of their mean."""
    averaged = result.protocol.averaged
    rows = [(name, int(count), [*precision.tolist(), float(precision[averaged].mean())])
            for name, count, precision in zip(result.classes, result.num_instances, result.average_precision)]
    mean = [*result.mean_ap.tolist(), result.average_map]
    return [*rows, ('mAP', int(result.num_instances.sum()), mean)]


def _side_by_side(head: str, values: Sequence[float | None], width: int) -> str:
    cells = ''.join(f'{"-":>{width}}' if value is None else f'{100 * value:>{width}.2f}' for value in values)
    first, second = values
    return head + cells + ('' if first is None or second is None else f'{100 * (second - first):>+12.2f}')


def _steps(comparison: Comparison, names: Sequence[str]) -> list[str]:
    if not comparison.steps:
        return ['the protocols have no tIoU threshold in common']
    shown = ', '.join(f'{threshold:g}' for threshold in comparison.tiou_thresholds)
    lines = [f'from {names[0]} to {names[1]}, one rule after the other; mean mAP in % over tIoU {shown}']
    before = comparison.steps[0][1]
    for rule, value in comparison.steps:
        lines.append(f'  {rule:<22}{100 * value:>7.2f}{100 * (value - before):>+8.2f}')
        before = value
    return lines


def _class_differences(comparison: Comparison, width: int) -> list[str]:
    """AVG of each class, largest difference first."""
    values = [{name: row[-1] for name, _, row in _rows(result)[:-1]} for result in (comparison.first,
                                                                                   comparison.second)]
    names = sorted(values[0].keys() | values[1].keys(),
                   key=lambda name: -abs(values[0].get(name, 0.0) - values[1].get(name, 0.0)))
    longest = max(map(len, names)) + 2
    return ['AVG per class in %, largest difference first',
            *(_side_by_side(f'  {name:<{longest}}', [column.get(name) for column in values], width) for name in names)]


def _json(results: Sequence[LocalizationResult]) -> str:
    plain = [as_plain(result) for result in results]
    return json.dumps(plain[0] if len(plain) == 1 else plain, indent=1)


def _csv(results: Sequence[LocalizationResult]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['protocol', 'video_set', 'class', 'instances', 'tiou', 'ap'])
    for result in results:
        columns = [*map(rounded_tiou, result.protocol.tiou_thresholds), 'AVG']
        for name, count, values in _rows(result):
            for column, value in zip(columns, values):
                writer.writerow([result.protocol.name, result.protocol.video_set.name, csv_cell(name), count,
                                 column, value])
    return text.getvalue()


def _markdown(results: Sequence[LocalizationResult]) -> str:
    lines = []
    for result in results:
        columns = ['class', 'instances', *map(tiou_name, result.protocol.tiou_thresholds), 'AVG']
        lines += [_title(result) + f'; video set {result.protocol.video_set.name}', '', markdown_row(*columns),
                  '| --- ' + '| ---: ' * (len(columns) - 1) + '|']
        for name, count, values in _rows(result):
            lines.append(markdown_row(name, count, *(f'{100 * value:.2f}' for value in values)))
        lines.append('')
    return '\n'.join(lines)


FORMATS: dict[str, Callable[[Sequence[LocalizationResult]], str]] = {'.json': _json, '.csv': _csv, '.md': _markdown}
