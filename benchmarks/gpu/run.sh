#!/usr/bin/env bash
# Measure everything on a GPU, in less than eight minutes: bash benchmarks/gpu/run.sh [--rehearse] [PART ...]
# Parts: correctness step schedule ddp extraction; all by default, each stopped at its limit. --rehearse runs them on
# the CPU at tiny sizes. Results go to OUT (benchmarks/gpu/results): a JSON file per part, and report.md.
# Wheels that pack.sh has put beside this file are installed into a temporary folder where MMEngine is missing.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="${PYTHON:-$(command -v python || command -v python3)}"
out="${OUT:-$here/results}"
declare -A LIMIT_SEC=([correctness]=100 [step]=130 [schedule]=90 [ddp]=80 [extraction]=60)  # 460 together
device=cuda
[ "${1:-}" != --rehearse ] || { device=cpu; shift; }
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(correctness step schedule ddp extraction)
for part in "${parts[@]}"; do
    [ -n "${LIMIT_SEC[$part]:-}" ] || { echo "error: no part $part; there are ${!LIMIT_SEC[*]}" >&2; exit 2; }
done

mkdir -p "$out"
export PYTHONPATH="$here/../..:${PYTHONPATH:-}" PYTHONWARNINGS=ignore
if ! "$python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("mmengine") is None)'; then
    site="$(mktemp -d)"
    trap 'rm -rf "$site"' EXIT
    "$python" -m pip install -q --no-index --no-deps --no-compile --target "$site" "$here"/wheels/*.whl
    PYTHONPATH="$site:$PYTHONPATH"
fi
status=0
for part in "${parts[@]}"; do
    limit="${LIMIT_SEC[$part]}"
    [ "$device" = cuda ] || limit=$((10 * limit))  # of a rehearsal: whatever else the machine does
    began=$SECONDS
    timeout --kill-after=5 "$limit" "$python" "$here/parts.py" "$part" --device "$device" --out "$out" \
        --seconds $((limit - 15)) > "$out/$part.log" 2>&1 && end=done || { end="FAILED or stopped, status $?"; status=1; }
    echo "$part: $end after $((SECONDS - began)) s"
    [ "$end" = done ] || tail -n 5 "$out/$part.log"
done
"$python" "$here/report.py" "$out"
exit $status
