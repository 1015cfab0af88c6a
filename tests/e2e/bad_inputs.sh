#!/bin/bash
# Files that costs name: missing, folders, FIFOs, unreadable, very many.
. "$(dirname "$0")/lib.sh"
cost() { printf '[ram]\nfixed = %s\n' "$1" >s.toml; }
wrong() {
  cost "$1"
  expect 125 timeout 60 "$FITRUN" --want 1 s.toml -- touch ran
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

# A descriptor in a folder whose name is a pattern.
mkdir 'app[1]' app1 deep deep/er && head -c 30 /dev/zero >'app[1]/in.bin'
head -c 7000 /dev/zero >app1/in.bin && head -c 4 /dev/zero >deep/er/in.bin
cost '{ file = "*.bin" }' && mv s.toml 'app[1]/'
expect 0 "$FITRUN" plan 'app[1]/s.toml' --format json
said out '"fixed": 30,'
cost '{ file = "deep/**/*.bin" }' && fixed 4
ln -s nowhere deep/gone.bin
wrong '{ file = "deep/*.bin" }' 'deep/gone.bin: No such file or directory (missing = "zero" would count it as 0)'
cost '{ file = "deep/**/*.bin", missing = "zero" }' && fixed 4

# What Git LFS leaves where the data was not fetched.
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 4000000000\n' 7 >model.bin
cost '{ file = "model.bin" }' && fixed "$(stat -c %s model.bin)"
said out '"warning": "s.toml:2: model.bin is a Git LFS pointer'
expect 0 "$FITRUN" --want 1 s.toml -- true
said err 's.toml:2: model.bin is a Git LFS pointer, not the data: run "git lfs pull"'
expect 0 "$FITRUN" plan s.toml
said out 'model.bin is a Git LFS pointer'
expect 0 "$FITRUN" check s.toml
said out 'but s.toml:2: model.bin is a Git LFS pointer'

# Very many mistakes: the first and a count.
printf '[ram]\nfixed = [%s]\n' "$(printf 'true,%.0s' $(seq 50000))" >many.toml
expect 125 "$FITRUN" --want 1 many.toml -- touch ran
said err 'and 49980 more mistakes'
[ "$(wc -c <err)" -lt 8000 ] || fail "too much was said: $(wc -c <err) bytes"
printf '[%sa]\n' "$(printf 'a.%.0s' $(seq 150000))" >deep.toml
expect 125 "$FITRUN" --want 1 deep.toml -- touch ran
said err 'deep.toml:1:65: error: a key of more than 32 parts'
[ ! -e ran ] || fail "the command was started"

as_user=()
if [ "$(id -u)" = 0 ]; then
  # root may read everything: ask as somebody else
  command -v setpriv >/dev/null || skip "no setpriv to become an ordinary user"
  as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chmod 755 .
fi
chmod 000 b.bin && chmod 311 deep/er
refused() {
  cost "$1"
  expect 125 "${as_user[@]}" "$FITRUN" s.toml -- true
  said err "s.toml:2: error: $2: Permission denied"
}
refused '{ file = "b.bin" }' b.bin
refused '{ file = "many/../[b].bin" }' many/../b.bin
# What is in a closed folder is unknown, and not nothing.
refused '{ file = "deep/er/*", missing = "zero" }' deep/er/
chmod 755 deep/er
