#!/bin/bash
# A machine that says nothing of its memory is an error with the way out.
. "$(dirname "$0")/lib.sh"
stage
mkdir -p old/proc none
printf 'MemTotal: 1000 kB\n' >old/proc/meminfo
for root in old none; do
  expect 125 "$FITRUN" --root $root s.toml -- touch ran
  one_line
  said err "cannot measure the free RAM"
  said err "--available ram=SIZE"
done
[ ! -e ran ] || fail "the command was started"
