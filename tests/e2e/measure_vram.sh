#!/bin/bash
# fitrun measure learns what processes hold of a GPU, where the driver tells.
. "$(dirname "$0")/lib.sh"
[ "$(stat -Lc %i /proc/self/ns/pid)" = 4026531836 ] || skip "drivers count other pids than this pid namespace"
for name in "${!CUDA_@}" "${!FAKE_@}"; do unset "$name"; done
export FITRUN_NVML=$HELPERS/fake/libnvidia-ml.so.1 FITRUN_CUDA=/nowhere
export FAKE_NVML_GPUS="uuid=GPU-a,name=A,pci=00000000:01:00.0,total=24000000000,free=20000000000"
export FAKE_NVML_PROCESSES=$work/processes FAKE_NVML_ASKED=$work/asked
cat >v.toml <<'EOF'
want = 4
[ram]
per_worker = "1MB"
[vram]
fixed = "1GB"
per_worker = "2GB"
EOF
# A job that holds 500 MB and 800 MB a worker, until the driver has told it. The
# mark is made before the driver answers, at each of two questions: the first may
# be the end of an answer without us, the second the beginning of one with us.
cat >job <<'EOF'
#!/bin/sh
echo "$$:$((500000000 + $1 * 800000000))+1:9000000000" >processes.new
mv processes.new processes
for question in 1 2 3; do
  rm -f asked
  until [ -e asked ]; do :; done
done
rm processes
EOF
chmod +x job
expect 0 "$FITRUN" measure -q --write --format json v.toml -- ./job '<threads>'
python3 - <<'EOF' || fail "what was learned is wrong: $(cat out)"
import json
pool = json.load(open("out"))["pools"][1]
assert pool["pool"] == "vram" and pool["learned"], pool
assert pool["fixed"] == 500000000 and pool["per_worker"] == 800000000, pool
assert pool["headroom"] == 0.9, pool
EOF
said v.toml 'per_worker = "800MB"'
# Nobody tells: the costs stay, and it is said.
export FAKE_NVML_GPUS="$FAKE_NVML_GPUS,compute=no"
cp v.toml before.toml
expect 0 "$FITRUN" measure -q --write v.toml -- "$HELPERS/eater" '<threads>' 20MiB
said out 'VRAM: nobody tells what the processes hold of it'
diff <(sed -n '/^\[vram/,$p' before.toml) <(sed -n '/^\[vram/,$p' v.toml) || fail "VRAM was written"
