#!/bin/bash
# Flag over variable over descriptor over default, and the plan says which.
. "$(dirname "$0")/lib.sh"
machine 10000000000
stage
plan() { expect 0 "$FITRUN" plan --root machine s.toml --format json "$@"; }
get() { python3 -c 'import json,sys; p=json.load(open("out")); print(eval(sys.argv[1]))' "$1"; }
is() { [ "$(get "$1")" = "$2" ] || fail "$1 is $(get "$1"), not $2"; }

plan
is 'p["want"]' "{'value': 8, 'origin': 's.toml:1'}"
is 'p["pools"][0]["headroom_origin"]' default
export FITRUN_WANT=5 FITRUN_HEADROOM=0.5 FITRUN_PER_WORKER=1GB FITRUN_FIXED=2GB
plan
is 'p["want"]' "{'value': 5, 'origin': 'FITRUN_WANT'}"
is 'p["pools"][0]["headroom_origin"]' FITRUN_HEADROOM
is 'p["pools"][0]["budget"]' 5000000000
is 'p["threads"]' 3 # (5 - 2) / 1
plan --want 2 --headroom 1 --per-worker 3GB --fixed 1GB --reserve 500MB
is 'p["want"]' "{'value': 2, 'origin': '--want'}"
is 'p["pools"][0]["headroom_origin"]' --headroom
is 'p["pools"][0]["reserve"]' 500000000
is 'p["pools"][0]["fixed_items"]' "[{'bytes': 1000000000, 'origin': '--fixed'}]"
is 'p["pools"][0]["budget"]' 9500000000
is 'p["threads"]' 2

# however it is written
unset FITRUN_WANT FITRUN_HEADROOM FITRUN_PER_WORKER FITRUN_FIXED
for words in '-q -w 2' '-q -w2' '-qw2' '-qw 2' '-w2 -q' '-q --want=2' '--want 3 -q -w 2'; do
  # shellcheck disable=SC2086,SC2016
  expect 0 "$FITRUN" --root machine $words s.toml sh -c 'echo $FITRUN_THREADS'
  [ "$(<out)" = 2 ] || fail "$words gives $(<out), not 2"
  [ ! -s err ] || fail "$words is not quiet"
done

# an empty variable counts as unset; a wrong one is named
FITRUN_WANT='' plan
is 'p["want"]["origin"]' s.toml:1
expect 125 env FITRUN_WANT=many "$FITRUN" plan s.toml
one_line
said err 'FITRUN_WANT: not a worker count: "many"'
