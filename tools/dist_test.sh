#!/usr/bin/env bash
# Test on several GPUs: bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]
# Without GPUs, GPUS counts CPU processes; add --cfg-options env_cfg.dist_cfg.backend=gloo.
set -euo pipefail
exec bash "$(dirname "$0")/_torchrun.sh" test.py "$3" "$1" "$2" --launcher pytorch "${@:4}"
