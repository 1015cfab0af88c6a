#!/bin/bash
# VRAM that a command has allocated is missing from what is free, so its lease
# counts with the rest only. Drivers are asked for it where there are such leases.
. "$(dirname "$0")/lib.sh"
[ "$(stat -Lc %i /proc/self/ns/pid)" = 4026531836 ] || skip "drivers count other pids than this pid namespace"
for name in "${!CUDA_@}" "${!FAKE_@}"; do unset "$name"; done
export FITRUN_LEASES=$work/leases FITRUN_NVML=$HELPERS/fake/libnvidia-ml.so.1 FITRUN_CUDA=/nowhere
mkdir -m 700 leases
driver() { # FREE PROCESSES
  export FAKE_NVML_GPUS="uuid=GPU-a,name=A,pci=00000000:01:00.0,total=24000000000,free=$1,compute=$2"
}
printf 'want = 64\n[vram]\nheadroom = 1\nper_worker = "1GB"\n' >v.toml
threads() { expect 0 "$FITRUN" plan v.toml --format threads && cat out; }
export FAKE_NVML_ASKED=$work/asked

driver 20000000000 ''
[ "$(threads)" = 20 ] || fail "$(cat out)"
[ ! -e asked ] || fail "processes were asked for without a lease"
mkfifo started
"$FITRUN" -q v.toml --want 8 -- sh -c 'echo <threads> >started; sleep 1000 & wait' &
holder=$!
trap 'pkill -KILL -P $holder; kill -KILL $holder 2>/dev/null; rm -rf "$work"' EXIT
[ "$(cat started)" = 8 ] || fail "the holder has not its eight workers"
[ "$(threads)" = 12 ] || fail "nothing is allocated yet: $(cat out)"
[ -e asked ] || fail "this test cannot see what is asked"

# It has taken 5 of its 8 GB: 3 are still to come, of 15.
driver 15000000000 "$holder:5000000000"
[ "$(threads)" = 12 ] || fail "beside 5 GB allocated: $(cat out)"
expect 0 "$FITRUN" leases --format json
said out '"leased":8000000000,"used":5000000000,"outstanding":3000000000'
# Somebody else's 5 GB: all of the 8 are still to come.
driver 15000000000 "1:5000000000"
[ "$(threads)" = 7 ] || fail "beside another's 5 GB: $(cat out)"
# A child's count as the holder's own, and what is more than leased as nothing.
holds pgrep -P "$holder" sleep >/dev/null || fail "it has no child"
child=$(pgrep -P "$holder" sleep)
driver 11000000000 "$holder:5000000000+$child:4000000000"
[ "$(threads)" = 11 ] || fail "beside 9 GB of a tree with 8: $(cat out)"
# A driver that does not tell: the lease counts in full.
driver 15000000000 no
[ "$(threads)" = 7 ] || fail "beside an unknown use: $(cat out)"

# Without VRAM no driver is asked, whoever holds a lease of it.
rm asked
export FAKE_NVML_MARK=$work/loaded
expect 0 "$FITRUN" -q --per-worker 1 --want 1 -- true
[ ! -e loaded ] || fail "a driver was loaded for a stage without VRAM"
kill -KILL "$child" "$holder"
wait "$holder"
holds gone "$child" || fail "the child lives on"
driver 20000000000 ''
[ "$(threads)" = 20 ] || fail "the lease has ended: $(cat out)"
[ ! -e asked ] || fail "processes were asked for without a lease"
expect 0 "$FITRUN" leases
said out 'no launch holds a lease'
