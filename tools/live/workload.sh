#!/bin/sh
# workload.sh mini|pool: what is captured. SNAP LABEL takes a snapshot.
CG=/sys/fs/cgroup
HERE=$(dirname "$0")

limit() { echo "$3" > "$CG/$1/$2"; }

# begin CGROUP NAME: a process of pages.c in a cgroup; `tell NAME COMMAND` drives it
begin() {
  mkfifo "/tmp/$2.in" "/tmp/$2.out"
  sh -c "echo \$\$ > $CG/$1/cgroup.procs; exec $PAGES" < "/tmp/$2.in" > "/tmp/$2.out" &
  eval "pid_$2=$!"
  case $2 in
  web) exec 3> /tmp/web.in 4< /tmp/web.out ;;
  db) exec 5> /tmp/db.in 6< /tmp/db.out ;;
  esac
}
tell() {
  name=$1; shift
  case $name in
  web) echo "$*" >&3; read -r _ <&4 ;;
  db) echo "$*" >&5; read -r _ <&6 ;;
  esac
}
finish() {
  case $1 in
  web) echo exit >&3; exec 3>&- 4<&- ;;
  db) echo exit >&5; exec 5>&- 6<&- ;;
  esac
  eval "wait \$pid_$1"
  rm -f "/tmp/$1.in" "/tmp/$1.out"
}
zswap() { echo "$2" > "/sys/module/zswap/parameters/$1"; }

# nested cgroups, pages given back, a memcg at its limit, a cgroup that goes while its pages stay
mini() {
  zswap compressor lz4; zswap max_pool_percent 20; zswap enabled Y
  mkdir "$CG/app"; limit app cgroup.subtree_control +memory; limit app memory.zswap.max 1M
  mkdir "$CG/app/web"; limit app/web memory.max 1500K
  begin app/web web
  tell web make 600 11; tell web touch 150 12 40; tell web free 20 30
  $SNAP web
  mkdir "$CG/app/db"; limit app/db memory.max 1200K; limit app/db memory.zswap.max 64K
  begin app/db db
  tell db make 400 21; tell db touch 60 22 30
  $SNAP db
  echo "$pid_db" > "$CG/cgroup.procs"
  rmdir "$CG/app/db"
  $SNAP removed
  tell db walk 0 60 0; tell web walk 0 80 1
  $SNAP back
  finish db; finish web
  rmdir "$CG/app/web" "$CG/app"
}

# the pool at its limit, with the kernel's worker
pool() {
  zswap compressor zstd; zswap max_pool_percent 1; zswap enabled Y
  mkdir "$CG/web" "$CG/db"; limit web memory.max 3M; limit db memory.max 2M
  begin web web; begin db db
  tell web make 1700 31; tell web touch 900 32 40
  $SNAP full
  tell db make 1000 41; tell db touch 500 42 30
  $SNAP both
  tell web walk 0 1200 1; tell db walk 0 600 0
  $SNAP walked
  finish db; finish web
  rmdir "$CG/web" "$CG/db"
}

"$1"
# let the last pages go, and the worker end
sleep 1
