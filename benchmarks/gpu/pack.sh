#!/usr/bin/env bash
# Collect the wheels that run.sh installs where nothing can be downloaded: bash benchmarks/gpu/pack.sh [FOLDER]
# For Python 3.12 on x86-64 beside torch, numpy, scipy, matplotlib, headless OpenCV, rich and pytest, which are there.
set -euo pipefail
cd "$(dirname "$0")"
folder="${1:-wheels}"
python="${PYTHON:-python3}"
mkdir -p "$folder"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$folder" \
    --python-version 3.12 --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
    --platform manylinux2014_x86_64 --platform any \
    mmengine==0.10.7 mmcv-lite==2.1.0 mmaction2==1.2.0 addict yapf platformdirs termcolor importlib_metadata zipp av
kib="$(du -sk "$folder" | cut -f1)"
echo "$(ls "$folder" | wc -l) wheels, $((kib / 1024)) MiB in $(cd "$folder" && pwd)"
[ "$kib" -lt $((60 * 1024)) ] || { echo "error: expected less than 60 MiB" >&2; exit 1; }
