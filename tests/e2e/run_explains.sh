#!/bin/bash
# -v shows the sources, and a command that is not told the count is told of.
. "$(dirname "$0")/lib.sh"
machine 10000000000
stage
expect 0 "$FITRUN" -v --root machine s.toml -- true '<threads>'
said err "[budget:s] host.mem_available (/proc/meminfo) gives 10.0 GB"

expect 0 "$FITRUN" -q --root machine s.toml -- true
one_line
said err "the command is not told the count: put '<threads>' into it"
[ "$(grep -c 'not told' err)" = 1 ] || fail "more than one warning"
