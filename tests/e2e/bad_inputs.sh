#!/bin/bash
# Files that costs name: missing, folders, FIFOs, unreadable, very many.
. "$(dirname "$0")/lib.sh"
cost() { printf '[ram]\nfixed = %s\n' "$1" >s.toml; }
wrong() {
  cost "$1"
  expect 125 timeout 20 "$FITRUN" --want 1 s.toml -- touch ran
  one_line
  said err "s.toml:2: error: $2"
  [ ! -e ran ] || fail "the command was started"
}
fixed() {
  expect 0 "$FITRUN" plan s.toml --format json
  said out "\"fixed\": $1,"
}
wrong '{ file = "nope.json" }' 'nope.json: No such file or directory (missing = "zero" would count it as 0)'
wrong '{ file = "*.none" }' '*.none: no file matches'
mkdir folder && wrong '{ file = "folder" }' 'folder: is a directory'
mkfifo fifo && wrong '{ file = "fifo", missing = "zero" }' 'fifo: not a regular file'

cost '[{ file = "a" }, { file = "b" }]'
expect 125 "$FITRUN" --want 1 s.toml -- touch ran
[ "$(grep -c 'No such file' err)" = 2 ] || fail "not both files: $(cat err)"

cost '{ file = "nope.json", missing = "zero" }' && fixed 0
head -c 1000 /dev/zero >'a[1].bin' && head -c 500 /dev/zero >b.bin && mkdir c.bin
cost '{ file = "a[1].bin", parse_factor = 1.5 }' && fixed 1500
cost '{ file = "*.bin", parse_factor = 2 }' && fixed 3000
SUB=b && export SUB
cost '{ file = "${SUB}.bin" }' && fixed 500
mkdir stages && cost '{ file = "../b.bin" }' && mv s.toml stages/
expect 0 "$FITRUN" plan stages/s.toml --format json
said out '"fixed": 500,'
said out '"what": "../b.bin, 500 B"'

mkdir many && (cd many && seq 1 100000 | sed 's/.*/f&/' | xargs touch) && echo 12345 >many/f7
cost '{ file = "many/f*" }' && fixed 6
said out '100000 files'

if [ "$(id -u)" = 0 ]; then
  # root may read everything: ask as somebody else
  command -v setpriv >/dev/null || skip "no setpriv to become an ordinary user"
  chmod 711 . && chmod 000 b.bin
  cost '{ file = "b.bin" }'
  expect 125 setpriv --reuid=65534 --regid=65534 --clear-groups "$FITRUN" s.toml -- true
else
  chmod 000 b.bin
  cost '{ file = "b.bin" }'
  expect 125 "$FITRUN" s.toml -- true
fi
said err "s.toml:2: error: b.bin: Permission denied"
