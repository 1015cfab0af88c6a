#!/bin/bash
# --available replaces the probe; a pool that the stage does not use is ignored.
. "$(dirname "$0")/lib.sh"
stage
expect 0 "$FITRUN" plan s.toml --available ram=4GiB,vram=1GiB --format json --root /nowhere
said out '"available": 4294967296'
said out '"binding": "given"'
said out '"where": "--available"'
expect 0 env FITRUN_AVAILABLE=ram=20GB "$FITRUN" plan s.toml --format threads --root /nowhere
[ "$(cat out)" = 6 ] || fail "$(cat out)" # (14 - 1) / 2
for wrong in 4GiB ram ram= ram=x disk=4GiB =4GiB; do
  expect 125 "$FITRUN" plan s.toml --available "$wrong"
  one_line
  said err "--available: "
done
