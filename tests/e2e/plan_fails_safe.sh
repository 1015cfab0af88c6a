#!/bin/bash
# A plan that fails answers those who read a number or lines with what is safe:
# make would start without a limit at an empty one.
. "$(dirname "$0")/lib.sh"
stage
safe() { # WORDS... with which the plan fails
  expect 125 "$FITRUN" plan --format threads "$@"
  [ "$(cat out)" = 1 ] || fail "threads: $(cat out)"
  [ -s err ] || fail "no message"
  expect 125 "$FITRUN" plan --format shell "$@"
  (
    FITRUN_THREADS=99
    eval "$(cat out)" && exit 1
    [ "$FITRUN_THREADS" = 1 ]
  ) || fail "shell: $(cat out)"
  (
    set -e
    eval "$(cat out)"
    touch went_on
  )
  [ ! -e went_on ] || fail "set -e went on behind a failing plan"
  # The others are for people, or say by their absence that there is nothing.
  for format in json text; do
    expect 125 "$FITRUN" plan --format "$format" "$@"
    [ ! -s out ] || fail "$format: $(cat out)"
  done
}
safe absent.toml
safe --wnt 3 s.toml
safe s.toml --headroom 7
printf '[ram]\nper_wroker = "1GB"\n' >wrong.toml
safe wrong.toml
printf '[ram]\nper_worker = "1GB"\nfixed = { file = "absent" }\n' >input.toml
safe input.toml
# The real thing: a number that make takes.
printf 'all:\n\t@echo "$(MAKEFLAGS)"\n' >Makefile
flags=$(make -j"$("$FITRUN" plan --format threads absent.toml 2>/dev/null)")
case $flags in *-j1*|'') ;; *) fail "make got: $flags" ;; esac
