#!/bin/sh
# Two tenants on a small machine: a compiler crowds a database. Shows stores and loads, a memcg limit at work
# (/build), the pool limit and its shrink worker at work, writebacks and rejects, under two compressors. Then, on the
# trace of docs/story.md, what to set: how large the pool is to be so that nothing is read from the swap device.
# Usage: demo.sh PATH-OF-ZSWAP-REPLAY
cd "$(dirname "$0")/.." || exit 1
replay=$1
answer=$(mktemp) || exit 1
trap 'kill $! 2>/dev/null; rm -f "$answer"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The search runs beside the replay, on another processor where there is one, and is shown behind it.
set -- tune traces/story.parquet --vary max_pool_percent=1..6 --minimize swap_read_bytes --hold-out 0 \
    --emit sysfs --jobs 1 --quiet
tune="\$ zswap-replay $*"
"$replay" "$@" >"$answer" &

set -- run traces/two-tenants.parquet -c zstd -c lz4 --totalram 64M --max-pool-percent 5 \
    --set /build:memory.max=6M --set /build:memory.zswap.max=1M --set /db:memory.max=6M
echo "\$ zswap-replay $*"
"$replay" "$@" || exit
wait $! || exit
echo
echo "$tune"
cat "$answer"
