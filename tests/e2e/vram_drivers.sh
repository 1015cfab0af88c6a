#!/bin/bash
# A driver is loaded for a stage that needs it and for no other, found by its
# usual name, and whatever it does it costs the launch a message at most.
. "$(dirname "$0")/lib.sh"
for name in "${!CUDA_@}" "${!FAKE_@}"; do unset "$name"; done
export FAKE_NVML_GPUS='uuid=GPU-aa,name=A,pci=00000000:01:00.0,total=20000000000,free=10000000000'
export LD_LIBRARY_PATH=$HELPERS/fake
vram() { # MORE...: 10 GB free, 7 GB of them to plan with
  "$FITRUN" --pool vram --per-worker 1GB --want 20 "$@" -- echo '<threads>'
}

expect 0 vram
[ "$(cat out)" = 7 ] || fail "$(cat out)"
said err 'VRAM free 10.0 GB, budget 7.0 GB'

export FAKE_NVML_CHATTER=1
expect 0 vram -q
[ "$(cat out)" = 7 ] && [ ! -s err ] || fail "the driver's output: $(cat out err)"
unset FAKE_NVML_CHATTER

export FAKE_NVML_HANG=init FITRUN_GPU_TIMEOUT=300ms
expect 125 timeout 60 "$FITRUN" --pool vram --per-worker 1GB -- touch ran
said err 'the NVIDIA driver did not answer in 300 ms'
unset FITRUN_GPU_TIMEOUT
export FAKE_NVML_HANG=no FAKE_NVML_CRASH=init
expect 125 "$FITRUN" --pool vram --per-worker 1GB -- touch ran
said err 'the probe died of signal 6 inside the NVIDIA driver'
[ ! -e ran ] || fail "the command was started"
unset FAKE_NVML_HANG FAKE_NVML_CRASH

# A caller that ignores SIGCHLD is no reason to lose the answer, and the command
# inherits what the caller set.
(trap '' CHLD
 expect 0 "$FITRUN" -q --pool vram --per-worker 1GB -- grep SigIgn: /proc/self/status) || exit 1
ignored=$(cut -f2 out)
[ $((0x$ignored >> 16 & 1)) = 1 ] || fail "SIGCHLD is no longer ignored: $ignored"

# Only the launch with VRAM loads a driver.
export FAKE_NVML_MARK=$PWD/loaded
expect 0 "$FITRUN" -q --pool ram --per-worker 1 --want 1 -- true
[ ! -e loaded ] || fail "a driver was loaded for a stage without VRAM"
expect 0 vram -q
[ -e loaded ] || fail "this test cannot see what is loaded"

# A program without the part that loads drivers says which file is missing.
mkdir -p alone/bin && cp "$FITRUN" alone/bin/
expect 0 alone/bin/fitrun probe
said out 'alone/libexec/fitrun/drivers: No such file or directory'
expect 0 alone/bin/fitrun -q --per-worker 1 --want 1 -- true
