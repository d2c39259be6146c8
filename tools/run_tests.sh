#!/usr/bin/env bash
# Run the whole test suite from .venv (made if it is not there). Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/_environment.sh
exec python -m pytest "$@"
