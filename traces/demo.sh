#!/bin/sh
# Two tenants on a small machine: a compiler crowds a database. Shows stores and loads, a memcg limit at work
# (/build), the pool limit and its shrink worker at work, writebacks and rejects, under two compressors.
# Usage: demo.sh PATH-OF-ZSWAP-REPLAY
cd "$(dirname "$0")/.." || exit 1
set -- "$1" run traces/two-tenants.parquet -c zstd -c lz4 --totalram 64M --max-pool-percent 5 \
    --set /build:memory.max=6M --set /build:memory.zswap.max=1M --set /db:memory.max=6M
echo "\$ zswap-replay $(shift; echo "$*")"
exec "$@"
