#!/bin/bash
# A wrong descriptor: every mistake at its place, 125, and nothing is run.
. "$(dirname "$0")/lib.sh"
wrong() { # TEXT MESSAGE
  printf '%b' "$1" >s.toml
  expect 125 "$FITRUN" s.toml -- touch ran
  said err "$2"
  [ ! -e ran ] || fail "the command was started"
  [ ! -s out ] || fail "something was printed to stdout"
  expect 125 "$FITRUN" check s.toml
  said err "$2"
}
wrong '' 's.toml: error: no cost: a stage needs fixed or per_worker'
wrong '\0\0\0' 's.toml:1:1: error: '
wrong '\x7fELF\xff\xfe' 's.toml:1:'
wrong '[ram]\nfixed = 1\nfixed = 2\n' 's.toml:3:'
wrong '[ram]\nheadrom = 0.7\nfixed = 1\n' 's.toml:2:1: error: unknown key "headrom" in [ram]; did you mean "headroom"?'
wrong '[ram]\nper_worker = "9Mxyz"\n' 's.toml:2:14: error: not a size: "9Mxyz"'
wrong '[ram]\nper_worker = "1e400GB"\n' 'not a size: "1e400GB"'
wrong 'want = 0\n[ram]\nfixed = 1\n' 's.toml:1:8: error: not a worker count: "0"'
wrong 'want = 1000000000000\n[ram]\nfixed = 1\n' 'not a worker count: "1000000000000"'
wrong '[ram]\nheadroom = 1.5\nfixed = 1\n' 's.toml:2:12: error: headroom must be above 0 and at most 1'

wrong 'want = 0\nlabl = "x"\n[ram]\nheadroom = -1\n' 's.toml:2:1: error: unknown key "labl"; did you mean "label"?'
[ "$(grep -c '^s.toml:.*error:' err)" = 4 ] || fail "not all mistakes at once: $(cat err)"
said err "    2 | labl = \"x\""
said err "      | ^"

mkfifo fifo.toml
for stage in nope.toml ./nope fifo.toml / ''; do
  expect 125 timeout 60 "$FITRUN" "$stage" -- touch ran
  one_line
done
head -c 2000000 /dev/zero >big.toml
expect 125 "$FITRUN" big.toml -- true
said err "big.toml: larger than expected"

stage
# What is hardly meant is good and doubted.
printf 'command = ["x", "{jobs}", "<thread>", "{threads}"]\n[ram]\nper_worker = 4096\n[inject.env]\nA = "{workers}"\n' >odd.toml
expect 0 "$FITRUN" check odd.toml
said out 'odd.toml: ok'
said out 'but "{jobs}" is no placeholder and stays as it is; the count is <threads>'
said out 'but "<thread>" is no placeholder'
said out 'odd.toml:3: per_worker is 4 KB, less than a MiB: is its unit missing?'
[ "$(grep -c '  but ' out)" = 4 ] || fail "doubts: $(cat out)"

printf '[ram]\nfixed = 1\nfixd = 2\n' >bad.toml
expect 125 "$FITRUN" check s.toml bad.toml nope.toml
said out "s.toml: ok"
said err 'did you mean "fixed"'
said err 'nope.toml: No such file or directory'
