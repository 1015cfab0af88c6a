#!/bin/bash
# The number of CPUs is nproc's, whatever OpenMP's variables and the affinity
# mask say. (nproc before coreutils 9.8 knows no quotas: where one decides, there
# is nothing to compare.)
. "$(dirname "$0")/lib.sh"
unset OMP_NUM_THREADS OMP_THREAD_LIMIT
unset NSLOTS LSB_DJOB_NUMPROC NCPUS PBS_NCPUS SLURM_CPUS_ON_NODE # not for nproc
command -v nproc >/dev/null || skip "no nproc"

cpus() {
  "$@" "$FITRUN" probe --format json |
    python3 -c 'import json, sys; c = json.load(sys.stdin)["cpus"]; print(c["value"], c["origin"])'
}

cpus env >plain
case $(cat plain) in
  *cgroup*) skip "a CPU quota decides here" ;;
esac

compared=0
same() {
  local ours theirs
  ours=$(cpus "$@") || fail "fitrun probe failed under $*"
  theirs=$("$@" nproc) || fail "nproc failed under $*"
  [ "${ours%% *}" = "$theirs" ] || fail "under $*: $ours, and nproc says $theirs"
  compared=$((compared + 1))
}
same env
for text in 1 3 7 64 0 00 -2 +2 "" " " " 5 " "5,2" "5 , 2" "5x" "x5" "5 2" ",5" \
  18446744073709551615 99999999999999999999 1.5; do
  same env OMP_NUM_THREADS="$text"
  same env OMP_THREAD_LIMIT="$text"
  same env OMP_NUM_THREADS="$text" OMP_THREAD_LIMIT=2
  same env OMP_NUM_THREADS=6 OMP_THREAD_LIMIT="$text"
done
if command -v taskset >/dev/null; then
  first=$(sed -n 's/^Cpus_allowed_list:\t\([0-9]*\).*/\1/p' /proc/self/status)
  same taskset -c "$first"
  [ "$(cpus taskset -c "$first")" = "1 affinity" ] || fail "the mask is ignored"
fi
[ "$compared" -ge 80 ] || fail "only $compared compared"
