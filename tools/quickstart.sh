#!/usr/bin/env bash
# From nothing to detections: installs into .venv, makes data, trains, tests, draws. Run again, it reuses what is there.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/_environment.sh

config=configs/rpn_synthetic.py
work=work_dirs/rpn_synthetic
[ -e data/synthetic/annotations.json ] || { echo "== making data/synthetic"; python tools/data/make_synthetic.py; }
if [ -e "$work/trained" ]; then
    echo "== $work is trained already; delete it to train again"
else
    echo "== training $config"
    python tools/train.py "$config" --work-dir "$work" --seed 0 --resume
    touch "$work/trained"
fi
checkpoint="$(cat "$work/last_checkpoint")"
echo "== testing $checkpoint"
python tools/test.py "$config" "$checkpoint" --work-dir "$work"
echo "== drawing $work/timeline.png"
python tools/analysis/visualize.py "$config" "$checkpoint" --out "$work/timeline.png"
echo "== done: the table is above; checkpoint $checkpoint, picture $work/timeline.png"
