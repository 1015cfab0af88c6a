#!/bin/bash
# --watch and history: what is recorded, and that the command cannot tell.
. "$(dirname "$0")/lib.sh"
eater=$HELPERS/eater
export XDG_STATE_HOME=$work/state
runs=$work/state/fitrun/runs.jsonl

watched() { # STATUS WORDS...
  local want=$1 got
  shift
  err=$("$FITRUN" --watch "$@" 2>&1 >out)
  got=$?
  [ "$got" = "$want" ] || fail "ended with $got, not $want: $err"
  holds no_keeper || fail "the keeper does not end"
}

# What `history` says of the last run of a stage, by a key.
last() { # STAGE KEY
  "$FITRUN" history --format json "$1" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)[-1].get(sys.argv[1]))' "$2"
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
run = json.loads(lines[-1])
assert "checkpoint" not in run, lines
assert {json.loads(line)["run"] for line in lines} == {run["run"]}, lines
assert run["v"] == 1, run
assert run["stage"] == sys.argv[2] + "/ample.toml", run
assert run["workers"] == 2 and run["per_worker"] == 100e6, run
assert run["command"][1:] == ["2", "40MiB"], run
assert run["certainty"] == "counted" or "keeper" in run["method"], run
# A run as short as this may have ended before anybody looked.
assert 0 < run.get("peak", 1) < 100e6 and run.get("oom_kills", 0) == 0, run
assert run.get("wait_status", 0) == 0, run
EOF

# More than a tenth above what was declared: one line at the next launch, as the
# keeper has nowhere to say it. The workers hold their memory until it is seen.
mkfifo gate
"$FITRUN" --watch -q tight.toml -- "$eater" '<threads>' 40MiB hold <gate >out 2>err &
exec 9>gate
tight_peak() { [ -s "$runs" ] && python3 -c 'import sys; sys.exit(not float(sys.argv[1]) > 80e6)' \
  "$(last tight.toml peak)" 2>/dev/null; }
holds tight_peak || fail "the peak is not seen: $(cat "$runs")"
exec 9>&-
wait $! || fail "the command ended with $?"
holds no_keeper || fail "the keeper does not end"
[ -s err ] && fail "something was said: $(cat err)"
[ "$(last tight.toml checkpoint)" = None ] || fail "no end: $(cat "$runs")"
# The command's status is the caller's.
watched 7 -q tight.toml -- sh -c 'exit 7 #<threads>'
case $err in
  '[budget:tight] the last run took '*' % more than declared (40 MB with 2 workers)'*) ;;
  *) fail "no warning: $err" ;;
esac
# It speaks of the last run, and of what is still declared.
watched 7 -q tight.toml -- sh -c 'exit 7 #<threads>'
[ "$err" = '' ] || fail "a warning after a run that was small: $err"

# What could not be started has taken nothing.
watched 127 -q tight.toml -- ./absent '<threads>'
watched 126 -q tight.toml -- ./tight.toml '<threads>'

expect 0 "$FITRUN" history tight.toml
[ "$(wc -l <out)" = 4 ] || fail "not three runs of this stage: $(cat out)"
# Linux 6.15 tells the keeper how it ended; before, nobody knows.
grep -qE '  (status 7|ended)$' out || fail "the end of a run: $(cat out)"
expect 0 "$FITRUN" history
[ "$(wc -l <out)" = 5 ] || fail "not four runs in all: $(cat out)"
said out "$work/ample.toml"
expect 0 "$FITRUN" history --format json ample.toml
python3 -c 'import json; runs = json.load(open("out")); assert len(runs) == 1 and runs[0]["label"] == "ample"' ||
  fail "not JSON: $(cat out)"

# A pipe from the command ends with the command, whatever the keeper does.
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
rm state
mkdir -p state/fitrun
mkfifo "$runs"
expect 0 timeout 60 "$FITRUN" --retry-on-oom 1 ample.toml -- true '<threads>'
said err "$runs: not a regular file"
expect 125 timeout 60 "$FITRUN" history ample.toml
one_line
watched 0 -q ample.toml -- true '<threads>'
[ -p "$runs" ] || fail "the FIFO was replaced"

# A folder of its own for it.
FITRUN_STATE=elsewhere expect 5 "$FITRUN" --retry-on-oom 1 ample.toml -- sh -c 'exit 5 #<threads>'
[ -s elsewhere/runs.jsonl ] || fail "not in FITRUN_STATE"
FITRUN_STATE=$work/elsewhere expect 0 "$FITRUN" history ample.toml
said out 'status 5'
printf '{"v":9}\n{"half' >>elsewhere/runs.jsonl
FITRUN_STATE=elsewhere expect 0 "$FITRUN" --retry-on-oom 1 ample.toml -- true '<threads>'
FITRUN_STATE=elsewhere expect 0 "$FITRUN" history
said out 'ok'
said err '1 damaged line left out'
said err '1 line of a later version of fitrun left out'

unset XDG_STATE_HOME HOME
watched 0 ample.toml -- true '<threads>'
case $err in *'--watch: not watched: neither FITRUN_STATE nor XDG_STATE_HOME nor HOME'*) ;; *) fail "no word of it: $err" ;; esac
expect 125 "$FITRUN" history
one_line
said err 'neither FITRUN_STATE nor XDG_STATE_HOME nor HOME'
