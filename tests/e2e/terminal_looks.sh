#!/bin/bash
# Colours only on a terminal and never under NO_COLOR; help fits a screen.
. "$(dirname "$0")/lib.sh"
command -v script >/dev/null || skip "no script(1) to give a terminal"
machine 10000000000
stage
on_terminal() { script -qec "$*" /dev/null </dev/null | tr -d '\r' >out; }
escape=$(printf '\033')
unset NO_COLOR
export TERM=xterm LC_ALL=C
on_terminal "$FITRUN" plan --root machine s.toml
said out "${escape}[1m"
NO_COLOR=1 on_terminal "$FITRUN" plan --root machine s.toml
grep -q "$escape" out && fail "colours under NO_COLOR"
TERM=dumb on_terminal "$FITRUN" plan --root machine s.toml
grep -q "$escape" out && fail "colours on a dumb terminal"
"$FITRUN" plan --root machine s.toml >out
grep -q "$escape" out && fail "colours in a file"
said out "|##"
LC_ALL=C.UTF-8 "$FITRUN" plan --root machine s.toml >out
said out "░"

for command in '' plan check; do
  "$FITRUN" $command --help >out || fail "no help for $command"
  said out "Examples:"
  [ "$(wc -l <out)" -le 30 ] || fail "the help of '$command' is longer than a screen"
  [ "$(wc -L <out)" -le 80 ] || fail "the help of '$command' is wider than a screen"
done
expect 0 "$FITRUN" --version
grep -qE '^fitrun [0-9]+\.[0-9]+\.[0-9]+$' out || fail "$(cat out)"
