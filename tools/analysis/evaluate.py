"""Score a file of detections without the model.

python tools/analysis/evaluate.py detections.json annotations.json --subset test --protocol activitynet-thumos14
"""
from __future__ import annotations

import argparse

from rpn_plugin.evaluation import PROTOCOLS, get_protocol
from rpn_plugin.evaluation.functional import evaluate_localization
from rpn_plugin.evaluation.report import format_table
from rpn_plugin.evaluation.results_file import read_detections, read_ground_truth


def main() -> None:
    parser = argparse.ArgumentParser(description='Score ActivityNet-style detections against ground truth.')
    parser.add_argument('detections', help='JSON with "results", as WTALMetric(out_file=...) writes it')
    parser.add_argument('ground_truth', help='JSON with "database"')
    parser.add_argument('--subset', help='score on the videos of this subset; all by default')
    parser.add_argument('--protocol', default='activitynet', help=f'one of {", ".join(PROTOCOLS)}')
    options = parser.parse_args()
    try:
        result = evaluate_localization(
            read_detections(options.detections), read_ground_truth(options.ground_truth, options.subset),
            get_protocol(options.protocol))
    except (OSError, ValueError) as error:
        parser.exit(1, f'error: {error}\n')
    print(format_table(result))


if __name__ == '__main__':
    main()
