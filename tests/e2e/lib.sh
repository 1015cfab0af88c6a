#!/bin/bash
# Sourced by every script here. $FITRUN is the program under test, $HELPERS the
# folder of the helper programs, $SOURCE the source tree. Each script runs in an
# empty folder of its own.
set -u
: "${FITRUN:?the program under test}"
work=$(mktemp -d) || exit 2
# shellcheck disable=SC2154
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 2
for name in "${!FITRUN_@}"; do unset "$name"; done
export NO_COLOR=1 FITRUN_LEASES=off

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

skip() {
  echo "SKIPPED: $*"
  exit 77
}

# expect STATUS COMMAND...: runs it, keeps `out` and `err`, wants this status.
expect() {
  local want=$1 got=0
  shift
  "$@" >out 2>err </dev/null || got=$?
  [ "$got" = "$want" ] || {
    cat out err >&2
    fail "$* ended with $got, not $want"
  }
}

# said FILE TEXT: the file holds this text.
said() {
  grep -qF -e "$2" "$1" || {
    cat "$1" >&2
    fail "no \"$2\" in what was printed to $1"
  }
}

# One clear line, on stderr alone.
one_line() {
  [ ! -s out ] || fail "something was printed to stdout: $(cat out)"
  [ "$(wc -l <err)" = 1 ] || {
    cat err >&2
    fail "expected one line"
  }
}

# refuses MESSAGE WORDS...: fitrun says what is wrong in one line, and a command
# that would have made the file "ran" is not started.
refuses() {
  local message=$1
  shift
  expect 125 "$FITRUN" "$@"
  one_line
  said err "$message"
  [ ! -e ran ] || fail "$*: the command was started"
}

# holds CONDITION...: within a minute.
holds() {
  local end=$((SECONDS + 60))
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.02
  done
}

# gone PID: it has ended, be it unreaped.
gone() {
  ! grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null
}

# The record is written once the keeper is gone. It has our variables, and those
# of other tests do not.
no_keeper() {
  local comm name
  for comm in /proc/[0-9]*/comm; do
    { read -r name <"$comm"; } 2>/dev/null && [ "$name" = fitrun-keeper ] &&
      grep -qaF "$work" "${comm%comm}environ" 2>/dev/null && return 1
  done
  return 0
}

# A machine with this many bytes available, as a folder for --root.
machine() {
  mkdir -p machine/proc/self
  printf 'MemTotal: %d kB\nMemFree: %d kB\nMemAvailable: %d kB\n' \
    $((64 << 20)) $(($1 / 1024)) $(($1 / 1024)) >machine/proc/meminfo
  printf 'Pid:\t4242\nCpus_allowed_list:\t0-15\n' >machine/proc/self/status
}

# A stage of 1 GB fixed and 2 GB per worker, 8 wanted.
stage() {
  printf 'want = 8\n[ram]\nfixed = "1GB"\nper_worker = "2GB"\n%s\n' "${*:-}" >s.toml
}
