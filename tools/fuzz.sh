#!/usr/bin/env bash
# Read mutated files of every kind, for so many seconds each (140 by default, an hour in all): bash tools/fuzz.sh [SECONDS]
# An input that ends in anything but a result or a named fault stops its kind, and its path is printed.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/_environment.sh
RPN_FUZZ_SECONDS="${1:-140}" exec python -m pytest -q -s tests/test_fuzz.py
