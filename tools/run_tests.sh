#!/usr/bin/env bash
# Run lint, types and the whole test suite from .venv (made if it is not there). Arguments go to pytest, which then runs alone.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/_environment.sh
if [ $# -eq 0 ]; then
    ruff check .
    mypy
fi
exec python -m pytest "$@"
