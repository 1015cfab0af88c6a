#!/bin/bash
# A lease counts against the promise to its own batch job, not to another's.
. "$(dirname "$0")/lib.sh"
export FITRUN_LEASES=$work/leases SLURM_MEM_PER_NODE=1000 # MiB
mkdir -m 700 leases
threads() { # JOB
  expect 0 env SLURM_JOB_ID="$1" "$FITRUN" plan --want 64 --per-worker 100MiB --headroom 1 --format json
  python3 -c 'import json
plan = json.load(open("out"))
print(plan["threads"], plan["pools"][0]["binding"])'
}
[ "$(threads 1)" = '10 env.SLURM_MEM_PER_NODE' ] || skip "another limit binds here: $(threads 1)"
mkfifo started
SLURM_JOB_ID=1 "$FITRUN" -q --want 6 --headroom 1 --per-worker 100MiB -- \
  sh -c 'echo $FITRUN_THREADS >started; sleep 1000 & wait' &
holder=$!
trap 'pkill -KILL -P $holder; kill -KILL $holder 2>/dev/null; rm -rf "$work"' EXIT
[ "$(cat started)" = 6 ] || fail "the holder has not its six workers"
# A few hundred KiB that it uses are not set aside any more.
case $(threads 1) in
  '4 env.'* | '3 env.'*) ;;
  *) fail "in the same job: $(threads 1)" ;;
esac
[ "$(threads 2)" = '10 env.SLURM_MEM_PER_NODE' ] || fail "in another job: $(threads 2)"
