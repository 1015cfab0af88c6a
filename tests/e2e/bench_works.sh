#!/bin/bash
# The measurements run; that of launches fails where a subject does.
. "$(dirname "$0")/lib.sh"
stage
expect 0 "$HELPERS/bench_launch" 3 "$FITRUN" s.toml
said out '3 rounds'
said out 'fitrun -q STAGE -- true'
expect 1 "$HELPERS/bench_launch" 3 "$FITRUN" none.toml
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
