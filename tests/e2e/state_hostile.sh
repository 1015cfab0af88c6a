#!/bin/bash
# Records of runs: launches beside each other and a project that moves lose none;
# and whatever is wrong with the state, the command runs, told of in one line.
# Needs: python3.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
export FITRUN_STATE=$work/state FITRUN_HOLD=off XDG_CONFIG_HOME=$work/none
runs=$FITRUN_STATE/runs.jsonl
PATH=$work/bin:$PATH
mkdir -p bin one/.git
printf '#!/bin/sh\nsleep "${NAP:-0}"; [ -z "$GATE" ] || read -r _ <"$GATE"; echo "$1 $#"; exit "${END:-0}"\n' >bin/work
chmod 755 bin/work
cat >tool.toml <<'END'
[tool]
commands = ["work"]
count = ["-j"]
jobs = "threads"
[ram]
per_worker = "2MB"
END

# ended COMMAND...: what it prints of the runs that have ended, from `r`.
ended() {
  holds no_keeper || fail "the keeper does not end"
  python3 -c 'import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
r = [line for line in lines if "checkpoint" not in line]
print(eval(sys.argv[2]))' "$runs" "$1"
}
plan() { "$FITRUN" plan --available ram=10GB "$work/tool.toml" -- work -j4 >out 2>err; }

cd one || exit 2
for count in 1 2 3 4 5 6; do
  NAP=1.1 "$FITRUN" -q --available ram=10GB ../tool.toml -- work -j$count >/dev/null &
done
wait
[ "$(ended 'sorted(x["workers"] for x in r), len({x["run"] for x in r})')" = \
  '([1, 2, 3, 4, 5, 6], 6)' ] || fail "keepers at once: $(cat "$runs")"
plan
said out 'learned from 6 runs'

# A project that moves while it is built: the record is of where it was.
mkfifo "$work/gate"
NAP=1.1 GATE=$work/gate "$FITRUN" -q ../tool.toml -- work -j2 >/dev/null &
keeper() { ! no_keeper; }
holds keeper || fail "no keeper"
mv ../one ../two
: >"$work/gate"
wait
[ "$(ended 'len(r), r[-1]["project"]')" = "(7, '$work/one')" ] || fail "moved: $(cat "$runs")"
plan
said out 'tool.toml:6' # the bound: here it is another project
mv ../two ../one
plan
said out 'learned from 7 runs'
cd ..

# As it was written before there were versions: of all projects.
cp "$runs" saved
echo '{"time":"2026-01-31T12:00:00Z","stage":"/s","tool":"tool","label":"S","command":["work"],"workers":2,"available":9000000000,"fixed":0,"per_worker":1.0,"peak":80000000,"certainty":"counted","method":"m","seconds":9.0,"wait_status":0}' >"$runs"
mkdir -p three/.git
(cd three && plan && said out 'learned from 1 run, last 2026-01-31') || exit

# 100,000 words are started and recorded like any others, in ten seconds of a CPU.
# shellcheck disable=SC2046
(ulimit -t 10 && expect 0 "$FITRUN" --available ram=130MB --headroom 1 tool.toml -- work -j9 $(seq 100000)) || exit
[ "$(cat out)" = '-j3 100001' ] || fail "$(cut -c1-80 out)"
[ "$(ended 'r[-1]["workers"]')" = 3 ] || fail "$(cut -c1-80 "$runs")"
[ "$(tail -n1 "$runs" | wc -c)" -lt 9000 ] || fail "a record of any length"

# told NOTE: the command runs, and one line beside that of the count says why
# nothing is remembered; "": none, because only the keeper finds out.
told() {
  local lines=1
  [ -n "$1" ] || lines=0
  END=7 expect 7 timeout 60 "${in[@]}" "$FITRUN" --available ram=10GB tool.toml -- work -j2
  [ -z "$1" ] || said err "$1"
  [ "$(grep -vc 'RAM free\|memory is short' err)" = $lines ] || fail "not $lines notes: $(cat err)"
  holds no_keeper || fail "the keeper does not end"
}
in=(env)
: >file
FITRUN_STATE=$work/file told 'Not a directory'
rm "$runs" && mkfifo "$runs" && told "$runs: not a regular file"
rm "$runs" && ln -s ../saved "$runs" && told "$runs: is a symbolic link"
rm "$runs" && truncate -s 10G "$runs" && told '' # one line without an end
[ "$(ended 'r[-1]["workers"]')" = 2 ] || fail "no new file: $(ls -l state)"
rm state/*
if [ "$(id -u)" = 0 ]; then
  cp saved "$runs" && chown 12345 "$runs" && told "$runs: belongs to another user"
  mkdir -p home/fitrun && chown 12345 home/fitrun
  in=(env -u FITRUN_STATE XDG_STATE_HOME="$work/home")
  told "$work/home/fitrun: belongs to another user"
  [ -z "$(ls home/fitrun)" ] || fail "something is left in another user's folder"
fi
if unshare -mr true 2>/dev/null; then
  mkdir -p other
  # shellcheck disable=SC2016
  for options in ro size=4k; do
    known=
    [ "$options" = ro ] && known='Read-only file system'
    in=(unshare -mr sh -c 'mount -t tmpfs -o "$0" t other || exit; { head -c 9999 /dev/zero >other/fill; } 2>/dev/null; FITRUN_STATE=other exec "$@"' "$options")
    told "$known"
  done
fi
exit 0
