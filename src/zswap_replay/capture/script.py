"""A capture as a script, for machines that have no Python, or whose people may not run it there."""

from __future__ import annotations

import os
from collections.abc import Sequence

from zswap_replay.capture import bpftrace
from zswap_replay.capture.checks import check_host
from zswap_replay.capture.host import Host
from zswap_replay.capture.probes import GROUP, TRACEPOINTS, Probe
from zswap_replay.capture.saved import MEMCG_FILES, MM_FILES, MOVING
from zswap_replay.capture.tracer import INSTANCE, MARK


def printed(host: Host, wanted: str, *, kind: str = "auto", btf: str | os.PathLike[str] | None = None) -> str:
    """Return a script: ``bt`` for bpftrace, ``shell`` for sh, ``all`` for sh with the other one in it.

    Offsets and functions are those of the host's kernel, or of ``btf``. Raises SettingsError: it lacks something.
    """
    checked = check_host(host, kind=kind, btf=btf, live=False)
    checked.demand()
    bt = bpftrace.script(checked.release, checked.probes)
    if wanted == "bt":
        return bt
    return shell(checked.release, checked.probes, bt if wanted == "all" else None)


def shell(release: str, probes: Sequence[Probe], bt: str | None) -> str:
    """Write the script for sh; with that for bpftrace in it where there is one."""
    definitions = "\n".join(probe.definition() for probe in probes)
    by_bpftrace = (
        "" if bt is None else _BPFTRACE.replace("@HEAD@", bpftrace.HEAD).replace("@BT@", bt.rstrip("\n"))
    )
    text = _SHELL
    for name, value in (
        ("RELEASE", release),
        ("GROUP", GROUP),
        ("INSTANCE", INSTANCE),
        ("MARK", MARK),
        ("TRACEPOINTS", " ".join(TRACEPOINTS)),
        ("MEMCG_FILES", " ".join(MEMCG_FILES)),
        ("MM_FILES", " ".join(f"/{each}" for each in MM_FILES)),
        ("MOVING", "|".join(MOVING)),
        ("USAGE", "" if bt is None else _USAGE),
        ("BPFTRACE", by_bpftrace),
        ("CASE", "" if bt is None else 'bpftrace) shift; by_bpftrace "$@" ;;\n'),
        ("PROBES", definitions),
    ):
        text = text.replace(f"@{name}@", value)
    return text


_USAGE = """
#   sh capture.sh bpftrace FOLDER [COMMAND ...]  the same by bpftrace"""

_SHELL = r"""#!/bin/sh
# Capture what zswap is asked and what comes of it, on Linux @RELEASE@ alone: offsets are of its types.
# As root:
#   sh capture.sh run FOLDER [COMMAND ...]       by tracefs, while the command runs, or until Ctrl-C@USAGE@
#   sh capture.sh snapshot FOLDER LABEL          meanwhile: the counters of this moment
#   sh capture.sh probes FOLDER                  the probes alone, for trace-cmd record -C mono -e @GROUP@ and
#                                                perf record -k mono -a -e '@GROUP@:*', with the cgroup's events
#   sh capture.sh clean                          takes away what a killed capture left
# Then, anywhere: zswap-replay live-check FOLDER
set -u
T=/sys/kernel/tracing
[ -e $T/dynamic_events ] || T=/sys/kernel/debug/tracing
I=$T/instances/@INSTANCE@
CG=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
MADE= READER= PIPE=

fail() { echo "capture.sh: $*" >&2; exit 2; }

checks() {
  [ "$(uname -r)" = '@RELEASE@' ] || fail "made for Linux @RELEASE@, found $(uname -r)"
  [ -w $T/dynamic_events ] || fail "missing tracefs with dynamic_events, or not root"
  [ -d /sys/module/zswap/parameters ] || fail "missing zswap"
}

clean() {
  if [ -d $I ]; then echo 0 > $I/tracing_on; fi
  [ -d $I ] && { rmdir $I 2> /dev/null || { sleep 1; rmdir $I; }; }
  for each in $(sed -n 's#^[fpr][0-9]*:\(@GROUP@/[a-z_]*\) .*#\1#p' $T/dynamic_events); do
    echo "-:$each" >> $T/dynamic_events || { sleep 1; echo "-:$each" >> $T/dynamic_events; }
  done
}

make_probes() {
  MADE=1
  while read -r line; do
    echo "$line" >> $T/dynamic_events || fail "the kernel refuses: $line"
  done << 'PROBES'
@PROBES@
PROBES
}

# what an import needs and could not learn later
save() {
  mkdir -p "$1" || exit 2
  [ -e "$1/counters.txt" ] && fail "$1: holds a capture already"
  {
    uname -a
    awk '/^MemTotal:/ { print "totalram_kB " $2 }' /proc/meminfo
    sed -n 's/^CONFIG_NODES_SHIFT=/nodes_shift /p' "/boot/config-$(uname -r)" 2> /dev/null
    ls -d /sys/devices/system/node/node[0-9]* 2> /dev/null
    for each in /sys/module/zswap/parameters/* @MM_FILES@; do
      [ -r "$each" ] && echo "$each:$(cat "$each")"
    done
    sed -n '2,$s/^/swap /p' /proc/swaps
    echo "cmdline $(cat /proc/cmdline)"
  } > "$1/env.txt"
  if [ -n "$CG" ]; then
    find "$CG" -type d -exec stat -c '%i %n' {} + | sed "s#^\([0-9]*\) $CG/*#\1 #" > "$1/cgroups.txt"
  fi
}

moving() { grep -E '^(@MOVING@) ' /proc/vmstat; }

snapshot() {
  for each in 1 2 3 4 5 6 7 8 9 10; do
    last=$(moving); sleep 0.1; [ "$last" = "$(moving)" ] && break
  done
  if [ -d $I ]; then echo "@MARK@$2" > $I/trace_marker; else echo "@MARK@$2" > $T/trace_marker; fi
  {
    echo "##### $2"
    echo "== uptime $(cut -d ' ' -f 1 /proc/uptime)"
    if [ -n "$CG" ]; then
      # it flushes the statistics
      find "$CG" -name cpu.stat -exec cat {} + > /dev/null
    fi
    for each in /sys/kernel/debug/zswap/*; do
      [ -f "$each" ] && echo "== zswap ${each##*/} $(cat "$each")"
    done
    sed 's/^/== vmstat /' /proc/vmstat
    if [ -n "$CG" ]; then
      find "$CG" -type d | while read -r path; do
        name=${path#"$CG"}; name=${name:-/}
        [ -r "$path/memory.stat" ] && sed "s#^#== memcg $name #" "$path/memory.stat"
        for file in @MEMCG_FILES@; do
          [ -r "$path/$file" ] && echo "== memcg $name $file $(cat "$path/$file")"
        done
      done
    fi
  } >> "$1/counters.txt"
}

leave() {
  trap - EXIT INT TERM HUP
  [ -n "$READER" ] && kill $READER
  [ -n "$PIPE" ] && rm -f "$PIPE"
  [ -n "$MADE" ] && clean
  exit "$1"
}

run() {
  folder=$1; shift
  checks; save "$folder"
  trap 'leave $?' EXIT; trap 'STOP=1' INT TERM HUP
  mkdir $I || fail "an earlier capture is there: sh capture.sh clean"
  make_probes
  echo 0 > $I/tracing_on; echo mono > $I/trace_clock; echo ${BUFFER_KB:-8192} > $I/buffer_size_kb
  echo 1 > $I/events/@GROUP@/enable
  for each in @TRACEPOINTS@; do echo 1 > "$I/events/cgroup/$each/enable"; done
  echo 1 > $I/tracing_on
  PIPE=$(mktemp -u); mkfifo "$PIPE"
  (trap '' INT; exec gzip -1 < "$PIPE" > "$folder/trace.txt.gz") & packer=$!
  (trap '' INT; exec cat $I/trace_pipe > "$PIPE") & READER=$!
  snapshot "$folder" start
  status=0
  command_or_stop "$@" || status=$?
  snapshot "$folder" end
  echo 0 > $I/tracing_on
  # a reader waits for more for ever: it is ended when it has all
  while cat $I/per_cpu/cpu*/stats | grep -q '^entries: [1-9]'; do sleep 0.2; done
  sleep 1; kill $READER; READER=; wait $packer
  cat $I/per_cpu/cpu*/stats > "$folder/buffer-stats.txt"
  cat $T/kprobe_profile > "$folder/profile.txt"
  leave $status
}

command_or_stop() {
  if [ $# -gt 0 ]; then "$@"; return; fi
  STOP=
  while [ -z "$STOP" ]; do sleep 1; done
}
@BPFTRACE@
case ${1:-} in
run) shift; run "$@" ;;
@CASE@snapshot) snapshot "$2" "$3" ;;
probes) checks; save "$2"; make_probes ;;
clean) clean ;;
*) sed -n '2,/^set/s/^# *//p' "$0" >&2; exit 2 ;;
esac
"""

_BPFTRACE = r"""
by_bpftrace() {
  folder=$1; shift
  checks; save "$folder"
  cat > "$folder/zswap.bt" << 'BT'
@BT@
BT
  trap 'STOP=1' INT TERM HUP
  export BPFTRACE_PERF_RB_PAGES=${BPFTRACE_PERF_RB_PAGES:-2048} BPFTRACE_STRLEN=${BPFTRACE_STRLEN:-64}
  (trap '' HUP; exec bpftrace -B line "$folder/zswap.bt" > "$folder/trace.txt" 2> "$folder/bpftrace.log") & tool=$!
  until grep -q '^@HEAD@' "$folder/trace.txt"; do
    kill -0 $tool 2> /dev/null || fail "bpftrace: $(grep -v '^$' "$folder/bpftrace.log" | tail -n 1)"
    sleep 1
  done
  snapshot "$folder" start
  status=0
  command_or_stop "$@" || status=$?
  snapshot "$folder" end
  # bpftrace drops what it has not read yet when it is interrupted
  size=-1
  while [ $size -ne "$(wc -c < "$folder/trace.txt")" ]; do size=$(wc -c < "$folder/trace.txt"); sleep 3; done
  kill -INT $tool; wait $tool
  gzip -1 "$folder/trace.txt"
  exit $status
}
"""
