#!/usr/bin/env bash
# Run the smoke part of the tests (pytest -m smoke) under other versions, each in a fresh environment:
#   bash tools/test_versions.sh [ROW ...]       all rows by default; an interpreter that is not there fails its row
# Interpreters are python3.X on the PATH, or PYTHON3_X=path. An environment takes up to 7 GB, in a temporary folder.
#   oldest   the lower bounds of pyproject.toml
#   newest   whatever pip installs today
# Last run on 2026-11-27, 224 tests passed in each: Python 3.10.13 with torch 2.6.0, numpy 1.26.4, mmengine 0.10.7, and
# Python 3.13.0 with torch 2.14.1, numpy 2.5.5, mmengine 0.10.7. (torch 2.1 was tried: it reads no checkpoint of the host.)
set -uo pipefail
cd "$(dirname "$0")/.."

declare -A INTERPRETER=([oldest]=3.10 [newest]=3.13)
declare -A PINS=(
    [oldest]="torch==2.6.0 numpy==1.26.4 mmengine==0.10.7 mmaction2==1.2.0"
    [newest]="torch numpy mmengine mmaction2"
)

run_row() {
    local version="${INTERPRETER[$1]}" folder="$2"
    local named="PYTHON${version/./_}"
    "${!named:-python$version}" -m venv "$folder" || return 1
    # shellcheck disable=SC2086  # the pins are words
    "$folder/bin/python" -m pip install -q --disable-pip-version-check ${PINS[$1]} -e ".[lite,video,hdf5]" pytest hypothesis || return 1
    "$folder/bin/python" -c 'import sys, torch, numpy, mmengine; print("== Python", sys.version.split()[0], "torch",
        torch.__version__, "numpy", numpy.__version__, "mmengine", mmengine.__version__)'
    "$folder/bin/python" -m pytest -m smoke -q
}

failed=()
for name in ${@:-oldest newest}; do
    [ -n "${INTERPRETER[$name]:-}" ] || { echo "No row $name; there are: ${!INTERPRETER[*]}"; exit 2; }
    folder="$(mktemp -d)"
    run_row "$name" "$folder" && echo "== $name passed" || { echo "== $name FAILED"; failed+=("$name"); }
    rm -rf "$folder"
done
[ ${#failed[@]} -eq 0 ]
