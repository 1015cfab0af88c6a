#!/bin/bash
# A project's fitrun.toml: found upward, one stage by its name, trusted only where
# nobody else can have written it.
. "$(dirname "$0")/lib.sh"
export HOME=$work/home
mkdir -p home project/sub/deep
cat >project/fitrun.toml <<'TOML'
# Stages of this project.

# The pages.
[stages.html]
command = ["echo", "html", "<threads>"]

[stages.html.ram]
fixed = { file = "data.bin" }
per_worker = "1GB"

[stages.cpp-test]
label = "tests"
command = ["echo", "cpp-test", "<threads>", "..."]
hold = "off"
[stages.cpp-test.ram]
per_worker = "3GB"
TOML
head -c 4000 /dev/zero >project/data.bin
fitrun() { "$FITRUN" --available ram=10GB "$@"; }

# 7 GB of budget.
for folder in project project/sub/deep; do
  cd "$work/$folder" || exit 2
  expect 0 fitrun --want 16 html
  [ "$(cat out)" = "html 6" ] || fail "in $folder: $(cat out)"
  said err '[budget:html]'
  expect 0 fitrun cpp-test -- more
  [ "$(cat out)" = "cpp-test 2 more" ] || fail "in $folder: $(cat out)"
  said err '[budget:tests]'
done
rm -f out err
cd "$work/project" || exit 2
expect 0 "$FITRUN" plan html
said out '(fitrun.toml:8)'
cd sub && expect 0 "$FITRUN" plan html
said out '  ../fitrun.toml:9'
rm -f out err
cd ..
expect 0 "$FITRUN" list
grep -q '^html  *stage  fitrun.toml$' out || fail "html is not listed"
expect 0 "$FITRUN" show html
said out '# The pages.'
grep -q 'cpp-test' out && fail "show prints the other stage too"
expect 0 "$FITRUN" check fitrun.toml
said out 'fitrun.toml: ok'
# The project's stage comes before a tool or descriptor of the name.
mkdir -p "$HOME/.config/fitrun"
printf '[ram]\nper_worker = "5GB"\n' >"$HOME/.config/fitrun/html.toml"
expect 0 fitrun html
said err '1.0 GB/worker'

# Numbers of a project's stage are written by its owner.
expect 125 "$FITRUN" measure --write html -- touch ran
one_line
said err '--write: "html" has no descriptor of its own'
[ ! -e ran ] || fail "the command was started"
# The file itself is none.
expect 125 "$FITRUN" fitrun.toml -- touch ran
one_line
said err 'fitrun.toml: holds the stages of a project'
# A stage that is not there.
expect 125 "$FITRUN" htm -- touch ran
said err 'did you mean html?'
expect 125 "$FITRUN" nothing -- touch ran
said err 'looked in fitrun.toml, '

# Every mistake at its place; those of one stage do not stop another.
cp fitrun.toml good.toml
printf '[stages.bad]\nlabl = "x"\n[stages.bad.ram]\nper_worker = "9Mx"\n' >>fitrun.toml
expect 125 "$FITRUN" check fitrun.toml
said err 'fitrun.toml:18:1: error: unknown key "labl"; did you mean "label"?'
said err 'fitrun.toml:20:14: error: not a size: "9Mx"'
expect 125 "$FITRUN" bad -- touch ran
said err 'fitrun.toml:18:1: error:'
expect 0 fitrun html
printf '[stages.none]\ncommand = ["true"]\n' >>fitrun.toml
expect 125 "$FITRUN" none
said err 'fitrun.toml:21:1: error: no cost'
printf 'want = 3\n' >top.toml && cat good.toml >>top.toml
expect 125 "$FITRUN" check top.toml
[ "$(grep -c 'unknown key "want"' err)" = 1 ] || fail "said twice: $(cat err)"

# One that is no TOML does not stop a command, nor does one that is no file.
ignored() { # WHY
  expect 0 "$FITRUN" -q echo ran
  [ "$(cat out)" = ran ] || fail "the command was not started"
  said err "fitrun: ignored: $1"
  expect 125 "$FITRUN" html
}
printf 'x = [\n' >fitrun.toml && rm "$HOME/.config/fitrun/html.toml"
ignored 'fitrun.toml:'
rm fitrun.toml && mkdir fitrun.toml
ignored 'fitrun.toml: not a regular file'
rmdir fitrun.toml && mkfifo fitrun.toml
ignored 'fitrun.toml: not a regular file'
rm fitrun.toml

# Who could have written it.
cp good.toml fitrun.toml
chmod o+w fitrun.toml && ignored 'fitrun.toml can be written by others'
chmod o-w fitrun.toml && chmod o+w . && ignored 'the folder of fitrun.toml can be written by others'
chmod o-w . && expect 0 fitrun -q html
# A group of the user's own is no other.
chmod g+w fitrun.toml . && [ "$(id -g)" = "$(id -u)" ] && expect 0 fitrun -q html
chmod g-w fitrun.toml .
[ "$(id -u)" = 0 ] || skip "only root can give files away: all but that is done"
chgrp 4321 fitrun.toml && expect 0 fitrun -q html
chmod g+w fitrun.toml && ignored 'fitrun.toml can be written by others'
chmod g-w fitrun.toml
chown 4321 fitrun.toml && ignored 'fitrun.toml belongs to another user'
chown 0 fitrun.toml && chown 4321 . && ignored 'the folder of fitrun.toml belongs to another user'
chown 0 .
expect 0 fitrun -q html
