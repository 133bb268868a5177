#!/bin/sh
# in the virtual machine: capture the same workload by each tool, one after another
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp PAGES=/mnt/share/pages
export PYTHONPATH=/mnt/repository/src PYTHONDONTWRITEBYTECODE=1
LIVE=/mnt/repository/tools/live
SHARE=/mnt/share
. $SHARE/settings.sh
zr() { "$PYTHON" -m zswap_replay "$@"; }
T=/sys/kernel/tracing
CG=/sys/fs/cgroup

echo "Linux $(uname -r), $(nproc) processors"
ln -s /proc/self/fd /dev/fd 2> /dev/null
echo 0 > /proc/sys/vm/page-cluster
mkswap /dev/vda > /dev/null; swapon /dev/vda
echo +memory > $CG/cgroup.subtree_control

# what takes a snapshot: the program, or the script, which is there sooner
printf '#!/bin/sh\nexec %s -m zswap_replay capture snapshot "$1"\n' "$PYTHON" > /tmp/snap; chmod +x /tmp/snap
by_script() {
  printf '#!/bin/sh\nexec sh /tmp/capture.sh snapshot %s "$1"\n' "$SHARE/$1" > /tmp/snap-$1; chmod +x /tmp/snap-$1
  SNAP=/tmp/snap-$1; export SNAP
}
said() { echo "=== $1: $(cut -d ' ' -f 1 /proc/uptime)"; }

# left NAME: nothing of a capture may be left in tracefs
left() { [ "$(grep -c : $T/dynamic_events)" = 0 ] && [ -z "$(ls $T/instances)" ] || echo "LEFT BEHIND by $1"; }

fprobe() { SNAP=/tmp/snap zr capture run -o $SHARE/fprobe --probes fprobe -- sh $LIVE/workload.sh mini; }
kprobe() { by_script kprobe; zr capture run -o $SHARE/kprobe --probes kprobe -- sh $LIVE/workload.sh mini; }
pool() { by_script pool; zr capture run -o $SHARE/pool --buffer 16M -- sh $LIVE/workload.sh pool; }
background() {
  by_script background
  zr capture start -o $SHARE/background
  sh $LIVE/workload.sh mini
  zr capture stop
}
shell() { by_script shell; sh /tmp/capture.sh run $SHARE/shell sh $LIVE/workload.sh mini; }
bpftrace() {
  by_script bpftrace
  BPFTRACE_PERF_RB_PAGES=1024 sh /tmp/capture.sh bpftrace $SHARE/bpftrace sh $LIVE/workload.sh mini
}
by_tool() { # by_tool NAME: the probes alone, and another program that records them
  by_script $1
  sh /tmp/capture.sh probes $SHARE/$1
  record_$1 & tool=$!
  sleep 10
  $SNAP start
  sh $LIVE/workload.sh mini
  $SNAP end
  sleep 1
  kill -INT "$(cat /tmp/tool.pid)"; wait $tool
  report_$1
  sh /tmp/capture.sh clean
}
record_tracecmd() {
  echo mono > $T/trace_clock
  cd /tmp
  sh -c 'echo $$ > /tmp/tool.pid; exec trace-cmd record -C mono -b 4096 -e zr -e cgroup:cgroup_mkdir -e cgroup:cgroup_rmdir \
    -e cgroup:cgroup_attach_task -o /tmp/tool.dat' > /tmp/tool.log 2>&1
}
report_tracecmd() { trace-cmd report -i /tmp/tool.dat > $SHARE/tracecmd/trace.txt 2> /tmp/report.log; rm -f /tmp/tool.dat; }
record_perf() {
  cd /tmp
  sh -c 'echo $$ > /tmp/tool.pid; exec perf record --no-buildid-cache -k mono -a -m 1024 -e "zr:*" -e cgroup:cgroup_mkdir -e cgroup:cgroup_rmdir \
    -e cgroup:cgroup_attach_task -o /tmp/tool.data' > /tmp/tool.log 2>&1
}
report_perf() { perf script --ns -i /tmp/tool.data > $SHARE/perf/trace.txt 2> /tmp/report.log; rm -f /tmp/tool.data; }
tracecmd() { by_tool tracecmd; }
perf_record() { by_tool perf; }

# what ends a capture otherwise than well must leave nothing behind
ends() {
  for signal in TERM INT KILL; do
    zr capture start -q -o /tmp/ends-$signal
    pid=$(sed 's/.*"pid": *\([0-9]*\).*/\1/' /run/zswap-replay-capture.json)
    kill -$signal "$pid"
    while [ -d "/proc/$pid" ] && ! grep -q '^State:.Z' "/proc/$pid/status"; do sleep 0.2; done
    if [ $signal = KILL ]; then
      echo "after KILL: $(grep -c : $T/dynamic_events) probes are left"
      zr capture clean
    fi
    left "$signal"
    echo "after $signal: $(grep -c : $T/dynamic_events) probes, $(ls $T/instances | wc -l) instances"
    rm -r /tmp/ends-$signal
  done
}

# the same pages with probes and without, in turn: seconds of the processor in the kernel
overhead() {
  echo lz4 > /sys/module/zswap/parameters/compressor; echo 20 > /sys/module/zswap/parameters/max_pool_percent
  echo Y > /sys/module/zswap/parameters/enabled
  mkdir $CG/cost; echo 3M > $CG/cost/memory.max
  printf 'make 1500 51\ntouch 3000 52 40\nwalk 0 1500 1\nwalk 0 1500 0\n' > /tmp/cost.cmd
  for turn in 1 2; do
    for how in without with; do
      [ $how = with ] && zr capture start -q -o /tmp/cost-$turn
      before=$(sed -n 's/^zswpout //p' /proc/vmstat); in=$(sed -n 's/^zswpin //p' /proc/vmstat)
      used=$(sed -n 's/^usage_usec //p' $CG/cost/cpu.stat)
      sh -c "echo \$\$ > $CG/cost/cgroup.procs; exec $PAGES" < /tmp/cost.cmd > /dev/null
      used=$(($(sed -n 's/^usage_usec //p' $CG/cost/cpu.stat) - used))
      echo "cost $how $used us of the tasks, $(($(sed -n 's/^zswpout //p' /proc/vmstat) - before)) stores," \
        "$(($(sed -n 's/^zswpin //p' /proc/vmstat) - in)) loads"
      [ $how = with ] && { zr capture stop; zcat /tmp/cost-$turn/trace.txt.gz | wc -l | sed 's/^/cost lines /'; }
    done
  done
  rmdir $CG/cost
}

# the lines that tune prints for /sys: each is written, and read back
apply() {
  mkdir $CG/web
  grep '^echo ' $SHARE/apply.sh | while read -r line; do
    file=${line##*> }
    if sh -c "$line" 2> /tmp/refused; then
      echo "apply taken: $line; reads $(sed 's/ .*\[/[/;s/\].*/]/' "$file")"
    else
      echo "apply REFUSED: $line: $(cat /tmp/refused)"
    fi
  done
  rmdir $CG/web
  echo Y > /sys/module/zswap/parameters/enabled; echo 90 > /sys/module/zswap/parameters/accept_threshold_percent
  echo N > /sys/module/zswap/parameters/shrinker_enabled; echo 20 > /sys/module/zswap/parameters/max_pool_percent
}

counters() { # 6.12 has no pswpin of a memcg; nothing else of this machine swaps
  { grep -E '^(zswpin|pgmajfault) ' $CG/faults/memory.stat; grep '^pswpin ' /proc/vmstat; } | tr ' \n' '= '
}

# a cost profile of this machine, and what faults take in it: pages of the recipe that the profile is measured on go out,
# to zswap or to the disk, and are touched one by one. Something is always running, since time is counted in instructions
# and an idle processor would wait by the host's clock
faults() {
  nice -n 19 sh -c 'while :; do :; done' & busy=$!
  swapoff /dev/vda; mkfs.ext4 -q -F /dev/vda; mkdir /mnt/disk; mount /dev/vda /mnt/disk
  zr cost measure -q -c lz4 -c zstd --file /mnt/disk -o $SHARE/guest.toml
  umount /mnt/disk; mkswap /dev/vda > /dev/null; swapon /dev/vda
  mkdir $CG/faults; cp $PAGES $SHARE/pages.bin /tmp
  for case in lz4 zstd disk; do
    [ $case = disk ] || echo $case > /sys/module/zswap/parameters/compressor
    [ $case = disk ] && echo N > /sys/module/zswap/parameters/enabled || echo Y > /sys/module/zswap/parameters/enabled
    for round in 1 2 3 4 5; do
      mkfifo /tmp/faults.in /tmp/faults.out
      sh -c "echo \$\$ > $CG/faults/cgroup.procs; exec /tmp/pages /tmp/pages.bin" < /tmp/faults.in > /tmp/faults.out 2> /tmp/faults.err &
      exec 3> /tmp/faults.in 4< /tmp/faults.out
      echo "load 500" >&3; read -r _ <&4
      # more than once: reclaim frees a page that it wrote to a disk when it comes to it again
      for _ in 1 2 3; do echo 8M > $CG/faults/memory.reclaim; sleep 0.2; done 2> /dev/null
      echo "walk 0 0 0" >&3; read -r _ <&4  # what the program itself needs comes back
      before=$(counters)
      echo "time 0 500" >&3; read -r _ <&4
      echo "faults $case $round before $before after $(counters)"
      cp /tmp/faults.err $SHARE/touches-$case-$round.txt
      echo exit >&3; exec 3>&- 4<&-; wait $!; rm /tmp/faults.in /tmp/faults.out
    done
  done
  rmdir $CG/faults
  kill $busy
}

said begin
zr capture check
zr capture --print > /tmp/capture.sh && cp /tmp/capture.sh $SHARE/
for each in $CAPTURES; do
  said "$each"
  $each; echo "$each: status $?"
  left "$each"
done
said end
