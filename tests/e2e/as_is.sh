#!/bin/bash
# What looks like a placeholder and is none: a shell's variable, a doubled one, and
# everything under --as-is.
. "$(dirname "$0")/lib.sh"
stage
run() { # EXPECTED WORDS...
  local wanted=$1
  shift
  expect 0 "$FITRUN" -q --want 3 "$@"
  [ "$(cat out)" = "$wanted" ] || fail "$(cat out), not $wanted"
}
run 'make -j4' s.toml -- sh -c 'threads=4; echo make -j${threads}'
run 'make -j3' s.toml -- sh -c 'threads=4; echo make -j{threads}'
run '{threads} <threads> 3' s.toml -- echo '{{threads}}' '<<threads>>' '<threads>'
run '{threads} <threads> {{threads}}' --as-is s.toml -- echo '{threads}' '<threads>' '{{threads}}'
run 3 --as-is s.toml -- sh -c 'echo $FITRUN_THREADS'
