#!/bin/bash
# Every format of the plan; the JSON has the keys of the contract.
. "$(dirname "$0")/lib.sh"
machine 24400000000
printf 'label = "HTML"\n[ram]\nfixed = "2.1GB"\nper_worker = "3.5GB"\n[inject.env]\nRENDER_THREADS = "<threads>"\n' >html.toml
plan() { expect 0 "$FITRUN" plan --root machine html.toml --want 8 --format "$1" -- ./render --jobs '<threads>'; }

plan threads
[ "$(cat out)" = 4 ] || fail "$(cat out)"
plan shell
[ "$(eval "$(cat out)" && echo "$FITRUN_THREADS $RENDER_THREADS $FITRUN_LIMITED_BY")" = "4 4 ram" ] || fail "$(cat out)"
plan text
said out "HTML: 4 workers (8 wanted), limited by RAM"
said out "runs  ./render --jobs 4    with RENDER_THREADS=4"
# What runs is what is said first.
expect 0 "$FITRUN" plan --root machine make -j16
grep -qx 'make: up to 16 jobs, held where they do not fit; without holding 8 workers, limited by RAM' out ||
  fail "$(cat out)"
said out "runs  make -j16"
# Tests have time limits, which go on while they are held.
for tests in 'ctest -j 16' 'meson test -j 16'; do
  expect 0 "$FITRUN" plan --root machine $tests
  said out '8 workers (16 wanted), limited by RAM'
  expect 0 "$FITRUN" plan --hold --root machine $tests
  said out 'up to 16 jobs, held where they do not fit'
done
plan json
python3 - <<'P' || fail "$(cat out)"
import json
p = json.load(open("out"))
pool = p["pools"][0]
assert [p[k] for k in ("label", "stage", "threads", "reduced", "swapping", "limited_by")] == \
    ["HTML", "html.toml", 4, True, False, "ram"]
assert p["want"] == {"value": 8, "origin": "--want"}
assert p["command"] == ["./render", "--jobs", "4"]
assert p["env"] == {"FITRUN_THREADS": "4", "RENDER_THREADS": "4"}
available = 24400000000 // 1024 * 1024
assert (pool["pool"], pool["threads"], pool["available"], pool["binding"]) == \
    ("ram", 4, available, "host.mem_available")
assert (pool["headroom"], pool["reserve"], pool["budget"]) == (0.7, 0, int(available * 0.7))
assert (pool["fixed"], pool["per_worker"]) == (2100000000, 3500000000)
assert (pool["reduced"], pool["swapping"]) == (True, False)
c = pool["constraints"][0]
assert (c["name"], c["where"], c["available"]) == ("host.mem_available", "/proc/meminfo", available)
P
# nothing was run, and a full disk is not silence
"$FITRUN" plan --root machine html.toml >/dev/full 2>err && fail "a lost plan is no success"
"$FITRUN" check html.toml >/dev/full 2>err.check && fail "a lost check is no success"
said err.check "fitrun: standard output"
said err "standard output: No space left on device"
