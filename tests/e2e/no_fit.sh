#!/bin/bash
# Nothing fits: run one and warn, or fail with 75, or wait.
. "$(dirname "$0")/lib.sh"
machine 4000000000 # budget 2.8 GB, one worker needs 3
stage
expect 0 "$FITRUN" -q --root machine s.toml -- echo '<threads>'
[ "$(cat out)" = 1 ] || fail "$(cat out)"
said err "[budget:s] a single worker (2.0 GB) does not fit the RAM budget (2.8 GB) beside the shared data (1.0 GB) -- running at 1 worker all the same, which may end for lack of memory. Shrink the worker."
! grep -qi swap err || fail "there is no swap: $(cat err)"
printf 'SwapTotal: 1000 kB\n' >>machine/proc/meminfo
expect 0 "$FITRUN" -q --root machine s.toml -- true
said err "running at 1 worker all the same and relying on swap. Shrink the worker or accept the slowdown."
# the shared data alone is too much: the original's words
expect 0 "$FITRUN" -q --root machine s.toml --fixed 3GB -- true
said err "[budget:s] the shared data (3.0 GB) does not fit the RAM budget (2.8 GB) -- running at 1 worker and relying on SWAP. Shrink the shared data (shard/cap/stream it) or accept the slowdown."

expect 75 "$FITRUN" --root machine s.toml --on-no-fit fail -- touch ran
one_line
said err 'not even one worker fits: RAM budget 2.8 GB, fixed 1.0 GB, 2.0 GB/worker (on_no_fit = "fail", --on-no-fit)'
expect 75 "$FITRUN" --root machine s.toml --on-no-fit wait --wait-timeout 0.2 -- touch ran
said err "waiting"
said err "the wait ran out"
[ ! -e ran ] || fail "the command was started"

# a wait ends when memory is freed
"$FITRUN" -q --root machine s.toml --on-no-fit wait --wait-timeout 60 -- sh -c 'echo <threads> >count' 2>err &
waiter=$!
until grep -q waiting err 2>/dev/null; do kill -0 $waiter || fail "it did not wait"; done
printf 'MemAvailable: %d kB\n' $((10000000000 / 1024)) >machine/proc/meminfo.new
mv machine/proc/meminfo.new machine/proc/meminfo
wait $waiter || fail "the wait ended with $?"
[ "$(cat count)" = 3 ] || fail "$(cat count)"
