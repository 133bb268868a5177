#!/bin/sh
# Records the traces of this folder again: sh record.sh [build] [db] [app] [two-tenants]. Wants valgrind, gcc and
# sqlite3, and zswap-replay on the PATH. Each program takes some minutes under valgrind; nothing is kept but the
# trace. An empty environment keeps the stack where it was; other versions of a program give other traces.
set -eu
cd "$(dirname "$0")/workloads"

record() { # name, highest number of events, command ...
	name=$1 events=$2
	shift 2
	env -i PATH=/usr/bin:/bin HOME=/ LC_ALL=C PYTHONHASHSEED=0 \
		valgrind --tool=lackey --trace-mem=yes --log-fd=9 "$@" 9>&1 >/dev/null |
		zswap-replay trace import lackey - --memcg "/$name" --window 64 --max-events "$events" --origin "$name: $1" \
			--force -o "../$name.parquet"
}

for trace in "${@:-all}"; do
	case $trace in
	build | all)
		record build 500000 "$(gcc -print-prog-name=cc1)" -quiet -imultiarch "$(gcc -print-multiarch)" \
			-O1 build.c -o /dev/null ;;
	esac
	case $trace in
	db | all) record db 79000 sqlite3 -batch :memory: ".read db.sql" ;;
	esac
	case $trace in
	app | all) record app 1000000 /usr/bin/python3 -I -S -B app.py ;;
	esac
	case $trace in
	two-tenants | all)
		zswap-replay trace merge ../build.parquet ../db.parquet --force -o ../two-tenants.parquet ;;
	esac
done
