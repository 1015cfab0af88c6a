#!/bin/bash
# GPUs through the whole program, with a driver built to NVML's interface.
. "$(dirname "$0")/lib.sh"
fakes=${HELPERS:?}/fake
[ -e "$fakes/libnvidia-ml.so.1" ] || fail "the fake driver was not built"
export FITRUN_NVML=$fakes/libnvidia-ml.so.1 FITRUN_CUDA=$fakes/libcuda.so.1
export FAKE_NVML_GPUS='uuid=GPU-a,name=NVIDIA A100,pci=00000000:01:00.0,total=24000000000,free=20000000000;uuid=GPU-b,name=NVIDIA A100,pci=00000000:02:00.0,total=24000000000,free=10000000000'
unset CUDA_VISIBLE_DEVICES
stage() { printf 'want = 64\n[vram]\nfixed = "1GB"\nper_worker = "2GB"\n%b' "$1" >v.toml; }
threads() { expect 0 "$FITRUN" plan v.toml --format threads && cat out; }

stage '' # 20 * 0.7 = 14: (14 - 1) / 2 = 6
[ "$(threads)" = 6 ] || fail "$(cat out)"
expect 0 "$FITRUN" v.toml -- echo '<threads>'
said err "[budget:v] VRAM free 20.0 GB, budget 14.0 GB; fixed 1.0 GB + 6 x 2.0 GB/worker -> 6 worker(s)"
expect 0 env CUDA_VISIBLE_DEVICES=1 "$FITRUN" plan v.toml --format json
said out '"threads": 3' # 10 * 0.7 = 7: (7 - 1) / 2
said out '"limited_by": "vram:GPU-b"'

stage 'devices = "all"\nspread = "roundrobin"\n' # min(6 * 2 + 0, 3 * 2 + 1)
[ "$(threads)" = 7 ] || fail "$(cat out)"
stage 'devices = "all"\nspread = "even"\n'
[ "$(threads)" = 6 ] || fail "$(cat out)"
stage 'devices = "all"\nspread = "model"\n'
[ "$(threads)" = 3 ] || fail "$(cat out)"

# a copy on each, by UUID; the end is that of the one that failed
stage 'devices = "all"\nspread = "pin"\n'
expect 3 "$FITRUN" -q v.toml -- sh -c \
  'echo <threads> >$CUDA_VISIBLE_DEVICES.count; [ $CUDA_VISIBLE_DEVICES = GPU-a ] || exit 3'
[ "$(cat GPU-a.count) $(cat GPU-b.count)" = "6 3" ] || fail "$(cat ./*.count)"

# not even one fits: which GPU and why, and it is another status than that of a
# GPU that cannot be measured
printf 'want = 1\n[vram]\nfixed = "13GB"\nper_worker = "2GB"\n' >v.toml
expect 75 "$FITRUN" --on-no-fit fail v.toml -- touch ran
said err 'not even one worker fits: VRAM of GPU-a budget 14.0 GB, fixed 13.0 GB, 2.0 GB/worker'
expect 125 env FITRUN_NVML=/nowhere "$FITRUN" --on-no-fit fail v.toml -- touch ran
[ ! -e ran ] || fail "it ran all the same"

# both memories: the smaller count wins
machine 4000000000 # 2.8 GB: 2 workers of 1 GB
printf 'want = 64\n[ram]\nper_worker = "1GB"\n[vram]\nper_worker = "2GB"\nprobe = ["echo", "20GB"]\n' >v.toml
expect 0 "$FITRUN" plan --root machine v.toml --format json
said out '"limited_by": "ram"'
said out '"threads": 2,'

# a small worker was counted without CUDA's own memory
expect 0 "$FITRUN" -q --pool vram --per-worker 100MB --want 1 -- true '<threads>'
said err "a CUDA context alone takes 300 to 500 MB"

# a driver that hangs, crashes or talks costs a line
stage ''
expect 125 env FAKE_NVML_HANG=init FITRUN_GPU_TIMEOUT=0.3 "$FITRUN" v.toml -- touch ran
said err "did not answer"
expect 125 env FAKE_NVML_CRASH=init "$FITRUN" v.toml -- touch ran
said err "died of signal"
[ ! -e ran ] || fail "the command was started"
expect 0 env FAKE_NVML_CHATTER=1 "$FITRUN" -q v.toml -- echo '<threads>'
[ "$(cat out)" = 6 ] || fail "the driver's chatter reached stdout: $(cat out)"
expect 0 "$FITRUN" probe
said out "GPU-a"
