#!/bin/bash
# What people type: the first word is a verb, a stage or a command, or one error
# that says what was looked for and what is near.
. "$(dirname "$0")/lib.sh"
export HOME=$work FITRUN_HOLD=off # the counts are those that fit
mkdir -p bin .config/fitrun
PATH=$work/bin:$PATH
printf '#!/bin/sh\necho tool "$@"\n' >bin/brew && chmod 755 bin/brew
cp bin/brew render
cat >.config/fitrun/brew.toml <<'TOML'
[tool]
commands = ["brew", "python3* -m brew"]
count = ["-j"]
values = ["-X", "-W"]
variables = ["BREW_JOBS"]
[ram]
per_worker = "2GB"
TOML
printf '[tool]\ncommands = ["mill"]\nvariables = ["MILL"]\n[ram]\nper_worker = "2GB"\n[inject.env]\nMILL = "<threads>"\n' >.config/fitrun/mill.toml
cp bin/brew bin/mill
printf '[ram]\nper_worker = "1GB"\n' >.config/fitrun/pages.toml
printf '[ram]\nper_worker = "3GB"\n' >plain
stage
run() { # OUTPUT ERROR WORDS...: what the command printed, what fitrun said
  local output=$1 error=$2
  shift 2
  expect 0 "$FITRUN" --available ram=12GB "$@"
  [ "$(cat out)" = "$output" ] || fail "$*: $(cat out), not $output"
  said err "$error"
}
# A tool: 12 GB x 0.7 = 8.4 GB, 2 GB each.
run 'tool -j4 all' '[budget:brew] RAM free 12.0 GB' brew -j16 all
run 'tool -j3' '3 worker(s)' brew -j3
run 'tool -j2' '2 worker(s)' --want 2 brew -j3
run 'tool -j4 -- x' '4 worker(s)' brew -j9 -- x
run 'tool -j4' '4 worker(s)' bin/brew -j9
run 'tool plan' 'brew' brew plan
# Behind programs that only start it; not where they take the environment away.
run 'tool -j4 all' '[budget:brew]' nice -n 5 brew -j16 all
run 'tool -j4 all' '[budget:brew]' env A=b CC=x nice -5 brew -j16 all
run 'tool -j3' '3 worker(s)' timeout -k 9 99 nohup bin/brew -j3
run 'tool -j9' 'nothing limits it' env -i bin/brew -j9
run 'tool -j4' '4 worker(s)' nice env -- brew -j9
run 'tool -j2' '2 worker(s)' env BREW_JOBS=2 brew
run 'tool' '-> 2 worker(s)' env MILL=2 mill
said err '"MILL=2" takes the place of the count that fits: put it before fitrun'
# Options of an interpreter, with words of their own.
cp bin/brew bin/python3.9
run 'tool -X dev -W error -u -m brew -j4' '[budget:brew]' python3.9 -X dev -W error -u -m brew -j9
# Costs from a stage, the count by the tool: 8.4 GB / 1 GB.
run 'tool -j8' '[budget:pages]' pages -- brew -j16
run 'tool -j8' '[budget:pages]' pages brew -j16
run 'tool -j2' '2 worker(s)' plain brew -j16
run 'tool -j16' '16 x 500 MB/worker' --per-worker 500MB brew -j16
# What a stage says of its command goes before what the tool's descriptor says.
printf '[tool]\ncommands = ["brew"]\ncount = ["-w"]\n[ram]\nper_worker = "1GB"\n' >own.toml
run 'tool -w8 -j3' '[budget:own]' own.toml -- brew -w16 -j3
# The tool wins over a file of its name, and "/" makes it a path.
cp plain brew && run 'tool -j4' '[budget:brew]' brew -j16
run 'tool -j2' '2 worker(s)' ./brew brew -j16
rm brew
# Programs of which nothing is known.
run 'tool a -b' 'nothing limits it' ./render a -b
run 'hi' 'nothing limits it' echo hi
run 'hi' 'nothing limits it' -- echo hi
FITRUN_HEADROOM=0.5 run 'hi' 'nothing limits it' echo hi
expect 3 "$FITRUN" sh -c 'exit 3'
one_line
FITRUN_WANT=3 run 'hi' 'nothing limits it -> 3' --want 3 echo hi
said err 'the command is not told the count'

expect 0 "$FITRUN" plan --available ram=12GB brew -j16
said out 'runs  brew -j4'
expect 0 "$FITRUN" plan --available ram=12GB --format threads brew
[ "$(cat out)" -le 4 ] || fail "a tool's name alone is no stage of plan"
expect 0 "$FITRUN" plan --want 8 --available ram=12GB brew -- ./render '<threads>'
said out 'runs  ./render 4'
expect 0 "$FITRUN" --want 8 plan --available ram=12GB pages
said out '8 workers'

refuses '"brw" is no stage, tool or program; did you mean brew? (see' brw -j4
refuses '"nothing" is no stage, tool or program (looked in' nothing -j4
said err "$work/.config/fitrun, "
refuses 'did you mean pages?' page -- touch ran
refuses 'did you mean plan?' pln s.toml
refuses 'did you mean pages?' plan pagse
refuses 'did you mean ./render?' render a
printf '[ram]\nper_worker = "2GB"\n' >photos.toml
refuses 'did you mean photos.toml?' photos -- touch ran
refuses 'did you mean photos.toml?' check photos
mkdir films.toml
refuses '' films -- touch ran
! grep -q 'did you mean' err || fail "a folder is no stage: $(cat err)"
refuses 'no file that is a stage or a program' ./nope
refuses 'no file that is a stage or a program' /
refuses 'put it before fitrun' CC=clang brew
refuses 'leave out "run"' run touch ran
refuses 'an option of brew belongs behind it: brew -j4' -j4 brew
refuses '--wait: not a time: "5x"' --wait 5x s.toml touch ran
refuses '--wait: not a time: "5min"' --wait 5min s.toml touch ran
for hold in maybe ON 1; do
  FITRUN_HOLD=$hold refuses 'FITRUN_HOLD: expected "auto", "on" or "off", not ' s.toml touch ran
done
for hold in auto on off; do
  FITRUN_HOLD=$hold run 'tool hi' '[budget:brew]' brew hi
done
run 'tool hi' '[budget:brew]' --hold brew hi
run 'tool hi' '[budget:brew]' --no-hold brew hi
