#!/bin/bash
# What one launch has set aside is not there for the next, until it ends.
. "$(dirname "$0")/lib.sh"
export FITRUN_LEASES=$work/leases
mkdir -m 700 leases
printf '[ram]\nheadroom = 1\nper_worker = "1GB"\nprobe = ["echo", "10GB"]\n' >s.toml
threads() { expect 0 "$FITRUN" plan s.toml --want 64 --format threads && cat out; }

[ "$(threads)" = 10 ] || fail "no lease yet: $(cat out)"
mkfifo started
"$FITRUN" -q --label first s.toml --want 4 -- sh -c 'echo <threads> >started; exec sleep 1000' &
holder=$!
[ "$(cat started)" = 4 ] || fail "the first launch has not its four workers"
[ "$(threads)" = 6 ] || fail "beside four workers of 1 GB: $(cat out)"
expect 0 "$FITRUN" plan s.toml --format json
said out '"holder": "first (pid '$holder')"'
said out '"bytes": 4000000000'
expect 0 "$FITRUN" leases
said out first
expect 0 "$FITRUN" leases --format json
said out "\"pid\":$holder"

# off means off
[ "$(FITRUN_LEASES=off threads)" = 10 ] || fail "FITRUN_LEASES=off still counts"

# a launch inside the first one's tree draws on that lease
expect 0 "$FITRUN" leases --format json
id=$(python3 -c 'import json; print(json.load(open("out"))["leases"][0]["id"])')
[ "$(FITRUN_LEASE=$id threads)" = 10 ] || fail "the lease around counts: $(cat out)"

# one that needs more than is left waits, and starts when the first is killed
"$FITRUN" -q s.toml --per-worker 8GB --want 1 --wait 100 -- sh -c 'echo <threads> >count' 2>err &
waiter=$!
until grep -q waiting err 2>/dev/null; do kill -0 $waiter || fail "it did not wait"; done
kill -KILL $holder
wait $waiter || fail "the wait ended with $?: $(cat err)"
[ "$(cat count)" = 1 ] || fail "$(cat count)"
[ "$(threads)" = 10 ] || fail "a killed launch still holds its lease: $(cat out)"
[ -z "$(ls leases)" ] || { "$FITRUN" -q s.toml --want 1 -- true '<threads>'; }
