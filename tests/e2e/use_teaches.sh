#!/bin/bash
# Costs that nobody declared are learned from the launches themselves; what
# somebody declared stands; what was killed caps; and no state costs a command.
# Needs: make, python3.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
command -v make >/dev/null || skip "no make here"
export FITRUN_STATE=$PWD/state XDG_CONFIG_HOME=$PWD/none FITRUN_HOLD=off
runs=state/runs.jsonl
mkdir .git
jobs='a b c d e f g h'
printf 'all: %s\n%s:\n\t@%s threads 1 0 20 200\n' "$jobs" "$jobs" "$HELPERS/eat" >Makefile
cat >tool.toml <<'END'
[tool]
commands = ["make"]
count = ["-j"]
jobs = "processes"
[ram]
per_worker = "2GB"
END
printf '[ram]\nper_worker = "2GB"\n' >own.toml

planned() { "$FITRUN" plan --available ram=10GB --format json "$@" 2>err >out; }
# value KEY: of the RAM of the plan.
value() { python3 -c 'import json,sys; print(int(json.load(open("out"))["pools"][0][sys.argv[1]]))' "$1"; }
# costs BYTES WHY WORDS...: of a worker, by the plan.
costs() {
  local want=$1 why=$2
  shift 2
  planned "$@"
  [ "$(value per_worker)" = "$want" ] || fail "$why: $(cat out)"
}
# fits N WHY WORDS...: so many workers, by the plan.
fits() {
  local want=$1 why=$2 got
  shift 2
  got=$("$FITRUN" plan --format threads "$@" 2>err)
  [ "$got" = "$want" ] || fail "$why: $got"
}
# recorded N: so many runs have ended.
recorded() {
  holds no_keeper || fail "the keeper does not end"
  [ "$(grep -vc '"checkpoint":true' "$runs")" = "$1" ] || fail "not $1 records: $(cat "$runs")"
}
# record DICT: as if it had been, with 10 GB available.
record() {
  python3 -c 'import json, sys
print(json.dumps({"v": 1, "time": "2026-11-25T10:00:00Z", "project": sys.argv[1],
                  "available": 10 ** 10} | eval(sys.argv[2])))' "$PWD" "$1" >>"$runs"
}

costs 2000000000 "not the bound" tool.toml -- make -j3
expect 0 "$FITRUN" tool.toml -- make -j3
recorded 1
planned tool.toml -- make -j3
cost=$(value per_worker)
if [ "$cost" -lt 18000000 ] || [ "$cost" -gt 60000000 ]; then
  fail "a job of 20 MiB is not learned: $cost, $(cat "$runs")"
fi
expect 0 "$FITRUN" plan tool.toml -- make -j3
said out "learned from 1 run, last $(date -u +%Y)-"
# Another kind of work, and another project, have to learn for themselves.
costs 2000000000 "learned from other targets" tool.toml -- make -j3 a
mkdir -p other/.git
(cd other && costs 2000000000 "learned from another project" ../tool.toml -- make -j3) || exit
# A folder and a target whose names are not UTF-8 are as any other.
latin=$(printf 'caf\351')
mkdir -p "$latin/.git"
printf 'caf\351: %s\n' "$jobs" | cat Makefile - >"$latin/Makefile"
(
  cd "$latin" && export FITRUN_STATE=$PWD/state
  expect 0 "$FITRUN" ../tool.toml -- make -j3 "$latin"
  holds no_keeper || fail "the keeper does not end"
  expect 0 "$FITRUN" plan ../tool.toml -- make -j3 "$latin"
  said out "learned from 1 run"
) || exit
# What is said counts, and the cost is no longer asked of the history.
costs 1000000000 "the flag does not count" --per-worker 1GB tool.toml -- make -j3
expect 0 "$FITRUN" history
said out "make in $PWD: learned from 1 run"
expect 0 "$FITRUN" show tool.toml
said out '# runs recorded: 1 (fitrun history tool.toml)'
said out "# make in $PWD: learned from 1 run"

# A user's own descriptor leaves no record, unless it says so.
expect 0 "$FITRUN" own.toml -- true '<threads>'
expect 0 "$FITRUN" tool.toml -- make -j3
recorded 2
sed -i '1i record = true' own.toml
expect 0 "$FITRUN" own.toml -- true '<threads>'
recorded 3
sed -i 1d own.toml

# A kill caps a plan whatever the costs are, with as much memory.
record "{'stage': '$PWD/own.toml', 'kind': 'true <threads>', 'workers': 4, 'oom_kills': 1}"
: >state/killed
own=(--want 8 --per-worker 1MB own.toml -- true '<threads>')
fits 2 "no cap" --available ram=10GB "${own[@]}"
fits 2 "no cap with a tenth more" --available ram=11GB "${own[@]}"
fits 8 "a cap with more memory" --available ram=12GB "${own[@]}"
expect 0 "$FITRUN" history own.toml
said out 'at most 2 workers, because with 4 the kernel has killed'
expect 0 "$FITRUN" show own.toml
said out "# $PWD/own.toml: at most 2 workers, because with 4 the kernel has killed"
cp out again.toml
expect 0 "$FITRUN" check again.toml # what is shown is a descriptor
# Such launches are recorded, or nothing would ever lift the cap.
runs_before=$(grep -c "own.toml" "$runs")
sed -i '/record = true/d' own.toml
expect 0 "$FITRUN" --want 8 --available ram=10GB --per-worker 1MB own.toml -- true '<threads>'
holds no_keeper || fail "the keeper does not end"
[ "$(grep -c "own.toml" "$runs")" = $((runs_before + 1)) ] || fail "a launch at a cap is not recorded"
expect 0 "$FITRUN" history --forget own.toml
fits 8 "not forgotten" --available ram=10GB "${own[@]}"
rm state/killed

# Threads: of one count nobody knows what fewer save, and more are no dearer.
cat >threads.toml <<'END'
[tool]
commands = ["cook"]
count = ["-j"]
jobs = "threads"
[ram]
per_worker = "1MB"
END
record "{'tool': 'threads', 'kind': 'cook', 'workers': 4, 'peak': 4 * 10 ** 9,
         'certainty': 'counted', 'wait_status': 0, 'oom_kills': 0}"
fits 6 "more than in proportion" --headroom 1 --available ram=6GB threads.toml -- cook -j8
fits 1 "fewer were thought to save" --headroom 1 --available ram=3GB threads.toml -- cook -j8
said err '8 -> 1: 4 do not fit, and no run shows that fewer take less'
# A request says the same, also where the tool is only named.
expect 0 "$FITRUN" request threads.toml --headroom 1 --want 2 --for docker
[ "$(cat out)" = --memory=1924m ] || fail "$(cat out)" # 2 GB and 16 MiB
said err 'the runs had 4 workers each: fewer may take as much; ask with --want 4 to be safe'
expect 0 "$FITRUN" request threads.toml --headroom 1 --want 4 --for docker
grep -q 'the runs had' err && fail "a count that is known is doubted"

# What a launch would learn is shown, however many runs there were.
mkdir many
python3 -c 'import json
for i in range(2000):
    print(json.dumps({"v": 1, "time": "2026-11-25T10:00:00Z", "tool": "threads",
                      "kind": "cook", "workers": i % 4 + 1, "certainty": "counted",
                      "peak": 10 ** 8 * (i % 4 + 1) + i * 1000, "wait_status": 0}))' >many/runs.jsonl
FITRUN_STATE=$PWD/many expect 0 timeout 60 "$FITRUN" history threads.toml
said out 'learned from 8 runs'
FITRUN_STATE=$PWD/many expect 0 "$FITRUN" plan threads.toml -- cook -j3
said out 'learned from 8 runs'

# Damaged, of a later version: a note, and the command runs.
printf '{"v":1,"tool":"tool","work\n{"v":99,"tool":"tool"}\n\0\377\n' >>"$runs"
expect 0 "$FITRUN" tool.toml -- make -j3 a
said err '1 damaged line left out'
said err '1 line of a later version of fitrun left out'
# No place, no file: the same. A descriptor of the user's own does not look.
rm -r state
mkdir -p "$runs"
expect 7 "$FITRUN" tool.toml -- sh -c 'exit 7'
said err "$runs: Is a directory"
[ "$(grep -c "Is a directory" err)" = 1 ] || fail "more than one note: $(cat err)"
expect 7 "$FITRUN" own.toml -- sh -c 'exit 7 #<threads>'
grep -q directory err && fail "it was looked: $(cat err)"
unset FITRUN_STATE HOME
expect 7 "$FITRUN" tool.toml -- sh -c 'exit 7'
said err 'the run is not recorded: neither FITRUN_STATE'
exit 0
