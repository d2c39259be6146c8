#!/usr/bin/env bash
# Train under Slurm: GPUS=8 bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options of tools/train.py]
# GPUS, GPUS_PER_NODE and CPUS_PER_TASK say how much; SRUN_ARGS goes to srun as it is.
set -euo pipefail
gpus="${GPUS:-8}"
export MASTER_PORT="${MASTER_PORT:-$((12000 + RANDOM % 20000))}"
# shellcheck disable=SC2086
exec srun -p "$1" --job-name="$2" --gres=gpu:"${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}" --ntasks="$gpus" \
    --ntasks-per-node="${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}" --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    python -u "$(dirname "$0")/train.py" "$3" --launcher slurm "${@:4}"
