#!/bin/bash
# Colours where they are wanted, a bar of the terminal's width; help fits a screen.
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
# COLOURS? VARIABLE... [OPTION...]: where no terminal reads, on standard output and
# in the lines about a launch (nothing fits: a warning).
colours() {
  local wanted=$1 said=no
  shift
  env "$@" plan --root machine s.toml >out
  grep -q "$escape\[" out && said=yes
  [ $said = "$wanted" ] || fail "colours of a plan, $said: $*"
  said=no
  env "$@" --available ram=1MB s.toml -- true 2>err
  grep -q "$escape\[" err && said=yes
  [ $said = "$wanted" ] || fail "colours of a warning, $said: $*"
}
colours no "$FITRUN"
colours yes "$FITRUN" --color always
colours yes NO_COLOR=1 "$FITRUN" --color=always
colours yes FORCE_COLOR=1 "$FITRUN"
colours yes CLICOLOR_FORCE=1 "$FITRUN" --color auto
colours no FORCE_COLOR=0 "$FITRUN"
colours no FORCE_COLOR=1 NO_COLOR=1 "$FITRUN"
colours no FORCE_COLOR=1 "$FITRUN" --color never
on_terminal "$FITRUN" plan --color never --root machine s.toml
grep -q "$escape" out && fail "colours against --color never"
refuses '--color: expected auto, always or never, not "red"' --color red plan s.toml

# The bar and its legend, from 40 columns to 200; nothing else is cut.
for columns in 40 100 200; do
  script -qec "stty cols $columns; NO_COLOR=1 $FITRUN plan --root machine s.toml" /dev/null \
    </dev/null | tr -d '\r' >out
  [ "$(grep '|##' out | wc -L)" = $columns ] || fail "not $columns columns: $(cat out)"
  said out ' budget 7.0 GB' # 10 GB x 0.7
done
# Lines are broken at blanks where a terminal would break them, and nowhere else.
for columns in 40 60; do
  for shown in 'plan s.toml' probe; do
    script -qec "stty cols $columns; NO_COLOR=1 $FITRUN $shown --root machine" /dev/null \
      </dev/null | tr -d '\r' >out
    [ "$(wc -L <out)" -le $columns ] || fail "$shown: over $columns columns: $(cat out)"
    said out '/proc/meminfo'
    "$FITRUN" $shown --root machine | grep -q 'host.mem_available, /proc/meminfo' ||
      fail "$shown: broken where no terminal reads"
  done
done
"$FITRUN" plan --root machine s.toml >out
grep -q "$escape" out && fail "colours in a file"
said out "|##"
LC_ALL=C.UTF-8 "$FITRUN" plan --root machine s.toml >out
said out "░"

for command in '' plan check; do
  "$FITRUN" $command --help >out || fail "no help for $command"
  said out "Examples:"
  [ "$(wc -l <out)" -le 35 ] || fail "the help of '$command' is longer than a screen"
  [ "$(wc -L <out)" -le 80 ] || fail "the help of '$command' is wider than a screen"
  script -qec "stty cols 40; $FITRUN $command --help" /dev/null </dev/null | tr -d '\r' >out
  [ "$(wc -L <out)" -le 40 ] || fail "the help of '$command': over 40 columns: $(cat out)"
done
expect 0 "$FITRUN" --version
grep -qE '^fitrun [0-9]+\.[0-9]+\.[0-9]+$' out || fail "$(cat out)"
