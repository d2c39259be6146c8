#!/usr/bin/env bash
# Run lint, types and the whole test suite from .venv (made if it is not there), on all cores but at most eight. Arguments
# go to pytest, which then runs alone, on one core.
# The last lines say which tests were skipped and what brings them.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/_environment.sh
if [ $# -eq 0 ]; then
    source tools/_browser.sh
    bring_browser
    ruff check .
    mypy
    set -- -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder
fi
exec python -m pytest "$@"
