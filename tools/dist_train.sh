#!/usr/bin/env bash
# Train on several GPUs of one or more machines: bash tools/dist_train.sh CONFIG GPUS [options of tools/train.py]
# Without GPUs, GPUS counts CPU processes; add --cfg-options env_cfg.dist_cfg.backend=gloo.
set -euo pipefail
exec bash "$(dirname "$0")/_torchrun.sh" train.py "$2" "$1" --launcher pytorch "${@:3}"
