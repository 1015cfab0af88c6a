#!/bin/bash
# The measurement of launches runs, and fails where a subject does.
. "$(dirname "$0")/lib.sh"
stage
expect 0 "$HELPERS/bench_launch" 3 "$FITRUN" s.toml
said out '3 rounds'
said out 'fitrun -q STAGE -- true'
expect 1 "$HELPERS/bench_launch" 3 "$FITRUN" none.toml
said err 'does not work here'
