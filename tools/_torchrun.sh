#!/usr/bin/env bash
# Start TOOL on PROCESSES processes per machine: _torchrun.sh TOOL PROCESSES arguments...
# NNODES, NODE_RANK, MASTER_ADDR and PORT describe several machines.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
exec python -m torch.distributed.run --nnodes "${NNODES:-1}" --node_rank "${NODE_RANK:-0}" \
    --master_addr "${MASTER_ADDR:-127.0.0.1}" --master_port "${PORT:-29500}" --nproc_per_node "$2" \
    "$here/$1" "${@:3}"
