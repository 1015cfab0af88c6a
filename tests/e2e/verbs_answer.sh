#!/bin/bash
# list, show, init, jobs, help: what can be named, and a number on its own.
. "$(dirname "$0")/lib.sh"
export HOME=$work/home
mkdir -p home/.config/fitrun/configs project
cd project || exit 2
cat >$HOME/.config/fitrun/brew.toml <<'TOML'
# Where the figure is from: https://example.org/
[tool]
commands = ["brew"]
count = ["-j"]
[ram]
fixed = [{ file = "none.bin", missing = "zero" }, "1MB"]
per_worker = "700MB"
TOML
ln -s brew.toml $HOME/.config/fitrun/gbrew.toml
printf '[ram]\nper_worker = "1GB"\n' >$HOME/.config/fitrun/configs/pages.toml
printf '[ram]\nper_worker = "1GB"\n' >$HOME/.config/fitrun/configs/brew.toml # in the shade
printf 'broken' >$HOME/.config/fitrun/broken.toml
mkdir $HOME/.config/fitrun/folder.toml

expect 0 "$FITRUN" list
for line in "^brew  *tool   $HOME/.config/fitrun/brew.toml$" "^gbrew  *tool " \
  "^pages  *stage  $HOME/.config/fitrun/configs/pages.toml$" '^broken ' \
  '^imagemagick  *stage .*/share/fitrun/configs/imagemagick.toml$'; do
  grep -q "$line" out || fail "no $line in $(cat out)"
done
grep -q folder out && fail "a folder is listed"
grep -q '/\.\./' out && fail "a path goes up again: $(grep '/\.\./' out)"
[ "$(grep -c '^brew ' out)" = 1 ] || fail "a name is listed twice"

expect 0 "$FITRUN" show brew
said out "# tool brew, $HOME/.config/fitrun/brew.toml"
said out "# RAM, shared: 1 MB ($HOME/.config/fitrun/brew.toml:6)"
said out "# RAM, each worker: 700 MB ($HOME/.config/fitrun/brew.toml:7)"
said out 'https://example.org/'
cp out again.toml
expect 0 "$FITRUN" check again.toml # what is shown is a descriptor
expect 125 "$FITRUN" show
one_line
expect 125 "$FITRUN" show brw
one_line
said err 'did you mean brew?'
expect 125 "$FITRUN" show broken
said err 'broken.toml:1:'

# init: never over what is there.
expect 0 "$FITRUN" init brew
said out 'fitrun.toml: written'
said fitrun.toml 'command = ["brew", "..."]'
said fitrun.toml 'per_worker = "700MB"'
expect 0 "$FITRUN" check fitrun.toml
expect 0 "$FITRUN" plan build
said out 'brew'
cp fitrun.toml before
expect 125 "$FITRUN" init brew
one_line
said err 'init: fitrun.toml is there already'
cmp -s fitrun.toml before || fail "init changed a file"
rm fitrun.toml && ln -s nowhere fitrun.toml
expect 125 "$FITRUN" init brew
[ ! -e nowhere ] || fail "init wrote through a link"
rm fitrun.toml
expect 125 "$FITRUN" init brw
one_line
[ ! -e fitrun.toml ] || fail "half done"
expect 125 "$FITRUN" init imagemagick
one_line
said err 'init: imagemagick is a stage and no tool'

# jobs: 12 GB x 0.7 = 8.4 GB.
jobs() { # NUMBER WORDS...
  local number=$1
  shift
  expect 0 "$FITRUN" jobs --available ram=12GB --want 32 "$@"
  [ "$(cat out)" = "$number" ] || fail "jobs $*: $(cat out), not $number"
}
jobs 4
jobs 8 1GB
jobs 5 --headroom 0.9 2GB
jobs 3 --fixed 1GB
jobs 32 1
said err 'a worker of 1 B is less than a MiB: is its unit missing?'
FITRUN_PER_WORKER=3GB jobs 2
FITRUN_PER_WORKER=3GB jobs 8 1GB
machine 4000000000
expect 0 "$FITRUN" jobs --root machine 1GB # 2.8 GB
[ "$(cat out)" = 2 ] || fail "$(cat out)"
for words in '1x' '1G 2G' '--bogus' '--headroom 2' '--root /nowhere/at/all'; do
  # shellcheck disable=SC2086
  expect 125 "$FITRUN" jobs $words
  [ "$(cat out)" = 1 ] || fail "jobs $words: $(cat out), not 1"
  [ "$(wc -l <err)" = 1 ] || fail "jobs $words: $(cat err)"
done

for verb in plan jobs list show init help; do
  expect 0 "$FITRUN" help $verb
  mv out first
  expect 0 "$FITRUN" $verb --help
  cmp -s out first || fail "help $verb is another text"
done
expect 0 "$FITRUN" help
said out 'Usage: fitrun [OPTIONS] COMMAND'
expect 125 "$FITRUN" help brew
one_line
for verb in list help; do
  expect 125 "$FITRUN" $verb --want 3
  one_line
done
