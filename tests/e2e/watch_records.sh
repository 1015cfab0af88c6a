#!/bin/bash
# --watch and history: what is recorded, and that the command cannot tell.
. "$(dirname "$0")/lib.sh"
eater=$HELPERS/eater
export XDG_STATE_HOME=$work/state
runs=$work/state/fitrun/runs.jsonl

# The observer holds standard error until it has written: reading it to its end
# is waiting for the record.
watched() { # STATUS WORDS...
  local want=$1 got
  shift
  err=$("$FITRUN" --watch "$@" 2>&1 >out)
  got=$?
  [ "$got" = "$want" ] || fail "ended with $got, not $want: $err"
}

stage='want = 2
[ram]
per_worker = "100MB"'
echo "$stage" >ample.toml
echo "${stage/100MB/20MB}" >tight.toml

watched 0 -q ample.toml -- "$eater" '<threads>' 40MiB
[ "$err" = '' ] || fail "a warning where all is well: $err"
[ "$(cat out)" = '2 workers of 40MiB' ] || fail "the command's output: $(cat out)"
python3 - "$runs" "$work" <<'EOF' || fail "the record is wrong"
import json, sys
lines = open(sys.argv[1]).read().splitlines()
assert len(lines) == 1, lines
run = json.loads(lines[0])
assert run["stage"] == sys.argv[2] + "/ample.toml", run
assert run["workers"] == 2 and run["per_worker"] == 100e6, run
assert run["command"][1:] == ["2", "40MiB"], run
assert run["certainty"] == "at least" and "observer" in run["method"], run
assert 0 < run["peak"] < 100e6 and run["oom_kills"] == 0, run
assert "wait_status" not in run, run
EOF

# More than a tenth above what was declared: one line, and no failure.
watched 0 -q tight.toml -- sh -c "$eater <threads> 40MiB; sleep 0.3"
case $err in
  '[budget:tight] the run took '*' % more than declared (40 MB with 2 workers)'*) ;;
  *) fail "no warning: $err" ;;
esac
# The command's status is the caller's, which the observer never knows.
watched 7 -q tight.toml -- sh -c 'exit 7 #<threads>'

# What could not be started has taken nothing.
watched 127 -q tight.toml -- ./absent '<threads>'
watched 126 -q tight.toml -- ./tight.toml '<threads>'

expect 0 "$FITRUN" history tight.toml
[ "$(wc -l <out)" = 3 ] || fail "not two runs of this stage: $(cat out)"
said out 'end not seen'
expect 0 "$FITRUN" history
[ "$(wc -l <out)" = 4 ] || fail "not three runs in all: $(cat out)"
said out "$work/ample.toml"
expect 0 "$FITRUN" history --format json ample.toml
python3 -c 'import json; runs = json.load(open("out")); assert len(runs) == 1 and runs[0]["label"] == "ample"' ||
  fail "not JSON: $(cat out)"

# A pipe from the command ends with the command, whatever the observer does.
[ "$("$FITRUN" -q --watch ample.toml -- echo '<threads>' 2>/dev/null)" = 2 ] || fail "output is lost"

# As a parent: the end is seen, and is the command's.
expect 7 "$FITRUN" -q --retry-on-oom 2 ample.toml -- sh -c 'exit 7 #<threads>'
expect 137 "$FITRUN" -q --retry-on-oom 2 ample.toml -- sh -c 'kill -KILL $$ #<threads>'
grep -q again err && fail "137 was taken for a lack of memory"
expect 127 "$FITRUN" -q --retry-on-oom 2 ample.toml -- ./absent '<threads>'
one_line
expect 0 "$FITRUN" history ample.toml
said out 'status 7'
said out 'signal 9'

# A broken history and a missing one cost nothing.
printf 'rubbish\n{"time": 3}\n' >>"$runs"
expect 0 "$FITRUN" history ample.toml
expect 0 "$FITRUN" history absent.toml
said out 'no runs in'
expect 125 "$FITRUN" history absent
one_line
rm -r state
expect 0 "$FITRUN" history ample.toml
said out 'no runs in'
# Where no record can be written the run goes on.
touch state
expect 0 "$FITRUN" --retry-on-oom 1 ample.toml -- true '<threads>'
said err 'the run is not recorded'
watched 0 -q ample.toml -- true '<threads>'
unset XDG_STATE_HOME HOME
watched 0 ample.toml -- true '<threads>'
case $err in *'--watch: neither XDG_STATE_HOME nor HOME'*) ;; *) fail "no word of it: $err" ;; esac
