"""Score a file of detections without the model.

python tools/analysis/evaluate.py detections.json annotations.json --subset test --protocol activitynet-thumos14
python tools/analysis/evaluate.py detections.txt annotations.json --protocol thumos14 --compare activitynet-thumos14
"""
from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

NAMES = ('activitynet', 'activitynet-thumos14', 'thumos14', 'wtalc', 'facnet', 'facnet-filtered')
"""Of the protocols; stated here, too, so that --help and wrong options need no import."""


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Score detections against ground truth under a named protocol.')
    parser.add_argument('detections', help='JSON with "results", as WTALMetric(out_file=...), MMAction2 and OpenTAD '
                        'write it; .txt with lines "video start end class_index score" as for THUMOS14; .pkl as '
                        'ActionFormer writes it')
    parser.add_argument('ground_truth', help='JSON with "database", and maybe "ambiguous": {video: [[start, end], '
                        "...]}; MMAction2's anet_anno_*.json; or the folder of THUMOS14's <Class>_{val,test}.txt")
    parser.add_argument('--subset', help='score on the videos of this subset; all by default')
    parser.add_argument('--protocol', help=f'one of {", ".join(NAMES)}; default: thumos14 where the ground truth '
                        'is that of THUMOS14, else activitynet')
    parser.add_argument('--compare', metavar='PROTOCOL', help='a second one, and what makes the difference')
    parser.add_argument('--video-set', help='all, annotated, thumos14-213, thumos14-212 or thumos14-210; by default as '
                        'the protocol says')
    parser.add_argument('--tiou', nargs=3, metavar=('FIRST', 'LAST', 'NUMBER'),
                        help="thresholds of numpy's linspace, all averaged, in the place of the protocol's")
    parser.add_argument('--ignore-unknown-labels', action='store_true',
                        help='drop detections whose label the ground truth does not know')
    parser.add_argument('--out', help='write the numbers; the ending is one of .json, .csv, .md')
    return parser.parse_args()


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below

import numpy as np

from rpn_plugin.command_line import did_you_mean, nearest, one_line_errors
from rpn_plugin.evaluation import GroundTruth, Protocol, get_protocol, get_video_set
from rpn_plugin.evaluation.comparison import compare_protocols
from rpn_plugin.evaluation.default_protocol import default_protocol
from rpn_plugin.evaluation.functional import evaluate_localization
from rpn_plugin.evaluation.protocols import linear_grid
from rpn_plugin.evaluation.report import (
    FORMATS,
    describe_coverage,
    format_comparison,
    format_notes,
    format_table,
    write_result,
)
from rpn_plugin.evaluation.results_file import called_as, read_detections
from rpn_plugin.structures import VideoSegments


def changed(protocol: Protocol, options: argparse.Namespace) -> Protocol:
    """Return the protocol with the changes of the command line."""
    if options.video_set:
        protocol = replace(protocol, video_set=get_video_set(options.video_set))
    if options.tiou:
        first, last, number = options.tiou
        grid = linear_grid(float(first), float(last), int(number))
        protocol = replace(protocol, tiou_thresholds=grid, average_over=grid)
    return protocol


def known_detections(options: argparse.Namespace, truth: GroundTruth) -> Mapping[str, VideoSegments]:
    """Read the detections, under the ground truth's names, and without those of unknown labels if that is wanted.

    Raises:
        ValueError: If it is not and there are some; names one.
    """
    detections, renamed = called_as(truth.segments, read_detections(options.detections, truth))
    if renamed:
        ours, theirs = renamed[0]
        print(f'{len(renamed)} videos have another name in the ground truth, such as {theirs!r} for {ours!r}, and are '
              f'taken as the same')
    unknown = {label: video for video, found in detections.items() for label in set(found.labels) - truth.classes}
    if not unknown:
        return detections
    if not options.ignore_unknown_labels:
        label, video = next(iter(unknown.items()))
        raise ValueError(f'{options.detections}: video {video} has the label {label!r}, which is not among the '
                         f'{len(truth.classes)} of {truth.path} ({len(unknown)} such labels in all)'
                         f'{did_you_mean(nearest(label, truth.classes))} --ignore-unknown-labels drops them.')
    kept = {video: found.take(np.array([label not in unknown for label in found.labels], dtype=bool))
            for video, found in detections.items()}
    number = sum(len(found.labels) for found in detections.values()) - sum(len(found.labels) for found in kept.values())
    print(f'{number} detections dropped: their labels are unknown, {", ".join(sorted(unknown))}')
    return kept


def run(options: argparse.Namespace) -> None:
    """Score, print, write."""
    named = [get_protocol(name) for name in (options.protocol, options.compare) if name]
    if options.video_set:
        get_video_set(options.video_set)
    if options.out and Path(options.out).suffix not in FORMATS:
        raise ValueError(f'{options.out}: results are written by ending, one of {", ".join(FORMATS)}.')
    truth = GroundTruth.read(options.ground_truth, options.subset)
    if not options.protocol:
        chosen, reason = default_protocol(truth)
        named.insert(0, chosen)
        print(reason)
    protocols = [changed(protocol, options) for protocol in named]
    detections = known_detections(options, truth)
    for line in describe_coverage(detections, truth):
        print(line)
    if len(protocols) == 2:
        comparison = compare_protocols(detections, truth.segments, *protocols, truth.ambiguous)
        results = [comparison.first, comparison.second]
    else:
        results = [evaluate_localization(detections, truth.segments, protocols[0], truth.ambiguous)]
    for result in results:
        print(format_table(result) + '\n' + format_notes(result) + '\n')
        if result.protocol.uses_ambiguous and not truth.ambiguous:
            print(f'{result.protocol.name} looks at ambiguous intervals, and {truth.path} has none\n')
    if len(protocols) == 2:
        print(format_comparison(comparison))
    if options.out:
        write_result(options.out, results)
        print(f'written to {options.out}')


@one_line_errors()
def main() -> None:
    options = parse()
    run(options)


if __name__ == '__main__':
    main()
