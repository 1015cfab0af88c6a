#!/bin/bash
# The count reaches the command by placeholders, variables and FITRUN_THREADS.
. "$(dirname "$0")/lib.sh"
machine 10000000000 # budget 7 GB: (7 - 1) / 2 = 3 workers
stage '[inject.env]' $'\nJOBS = "-j<threads>"\nMIB = "{per_worker_mib}"'

expect 0 "$FITRUN" --root machine s.toml -- sh -c \
  'echo "$1 $2 $JOBS $MIB $FITRUN_THREADS"' sh '<threads>' 'n={threads}'
[ "$(cat out)" = "3 n=3 -j3 1907 3" ] || fail "$(cat out)"
[ "$(cat err)" = "[budget:s] RAM free 10.0 GB, budget 7.0 GB; fixed 1.0 GB + 3 x 2.0 GB/worker -> 3 worker(s)
[budget:s] reduced workers 8 -> 3 to stay out of swap" ] || fail "$(cat err)"

# the words of the command are untouched, with and without the two dashes
for dashes in -- ''; do
  expect 0 "$FITRUN" -q --root machine s.toml $dashes printf '(%s)' '[1,2]' '' 'a b' -- -q '<x>'
  [ "$(cat out)" = "([1,2])()(a b)(--)(-q)(<x>)" ] || fail "$(cat out)"
  [ ! -s err ] || fail "-q is not quiet: $(cat err)"
done

# the descriptor's command, where none is given
stage
sed -i '1i command = ["printf", "%s.", "<threads>", "<budget>"]' s.toml
expect 0 "$FITRUN" -q --root machine s.toml
[ "$(cat out)" = "3.7000000000." ] || fail "$(cat out)"

# no descriptor
expect 0 "$FITRUN" --root machine --want 9 --fixed 1GB --fixed 2GB --per-worker 1GB -- echo '<threads> <fixed>'
[ "$(cat out)" = "4 3000000000" ] || fail "$(cat out)"
said err "[budget] RAM free 10.0 GB, budget 7.0 GB; fixed 3.0 GB + 4 x 1.0 GB/worker -> 4 worker(s)"
