#!/bin/bash
# The measurements run; that of launches fails where a subject does.
. "$(dirname "$0")/lib.sh"
stage
ln -s "$HELPERS/bench_nothing" make
export FITRUN_STATE=$work/state
expect 0 "$HELPERS/bench_launch" 3 "$FITRUN" s.toml "$work/make"
said out '3 rounds'
said out 'fitrun -q STAGE -- true'
# Every later run knows those before; a first one knows none.
recorded() { [ "$(cat "$1" 2>/dev/null | wc -l)" = "$2" ]; }
holds recorded state/runs.jsonl 13 || fail "later runs: $(cat state/runs.jsonl)"
holds recorded state/12/runs.jsonl 1 || fail "a first run"
expect 1 "$HELPERS/bench_launch" 3 "$FITRUN" none.toml "$work/make"
said err 'does not work here'

# Learned counts under a real limit: one case of the many.
export XDG_STATE_HOME=$work
python3 "$SOURCE/tests/bench/fit.py" "$FITRUN" "$HELPERS" --quick >out
case $? in
  77) skip "$(cat out)" ;;
  0) ;;
  *) fail "fit.py: $(cat out)" ;;
esac
grep -qE '^ +256 MiB .* (0\.[89]|1\.0)[0-9] +[0-9]+ 0\.' out || fail "the learned count: $(cat out)"
grep -qE '^killed +0 +0 +1' out || fail "who is killed: $(cat out)"
