#!/bin/bash
# fitrun measure: what it learns, what it writes, and how it ends.
. "$(dirname "$0")/lib.sh"
eater=$HELPERS/eater

# A job of 40 MiB a worker and next to nothing besides.
cat >s.toml <<'EOF'
# the renderer of the manual
want = 3
command = ["COMMAND", "<threads>", "40MiB"]

[ram]   # by guess
fixed      = "30MB"     # pages
per_worker = '1GiB'     # a browser each
EOF
sed -i "s|COMMAND|$eater|" s.toml
cp s.toml original.toml

expect 0 "$FITRUN" measure --format json --counts 1,2,3 s.toml
python3 - out <<'EOF' || fail "what was learned is wrong"
import json, sys
report = json.load(open(sys.argv[1]))
pool = report["pools"][0]
real = 40 * 2**20
assert [run["workers"] for run in report["runs"]] == [1, 2, 3] * 2, report["runs"]
assert abs(pool["per_worker"] / real - 1) < 0.05, pool
assert pool["fixed"] < 5e6, pool
assert pool["shape"] == "line" and pool["r_squared"] > 0.99, pool
assert len(pool["residuals"]) == 6, pool
low, high = pool["per_worker_range"]
assert low <= pool["per_worker"] <= high, pool
assert pool["declared"] == {"fixed": 30000000, "per_worker": 2**30}, pool
assert pool["headroom_learned"] and 0.7 < pool["headroom"] <= 0.95, pool
assert all(run["method"] for run in report["runs"])
EOF
# A line for each run on standard error, and nothing of the command's output.
[ "$(grep -c '^\[budget:s\] run [1-6]' err)" = 6 ] || fail "no line for each run: $(cat err)"
said err 'run 6 of 6, 3 workers: 12'
grep -q 'workers of' out err && fail "the command's output is in the way"
cmp -s s.toml original.toml || fail "the descriptor was changed without --write"

expect 0 "$FITRUN" measure -q s.toml
[ ! -s err ] || fail "-q is not quiet: $(cat err)"
said out 's: 6 runs, with 1, 2, 3 workers'
said out '--write puts these into s.toml:'
said out 'declared: 30 MB'
grep -qE '^ +4[12] MB +per worker' out || fail "no cost of a worker: $(cat out)"
grep -q 'With these costs 3 of 3 workers fit; as declared,' out || fail "no outcome: $(cat out)"

expect 0 "$FITRUN" measure -q --show-output --counts 1 --repeat 1 s.toml
said err '1 workers of 40MiB'
said out 'cannot tell what is fixed from what each worker adds'

# --write: the numbers, and a comment with the old ones; all else stays.
expect 0 "$FITRUN" measure -q --write --plot plot.svg s.toml
said out 'Written into s.toml:'
"$FITRUN" check s.toml >/dev/null || fail "what was written is no descriptor"
said s.toml "# fitrun measure, $(date -u +%F): was \"30MB\""
said s.toml "# fitrun measure, $(date -u +%F): was '1GiB'"
unmarked() { grep -v '^# fitrun measure' "$1" | sed -E "s/= [\"'][0-9.]+([KMG]i?B)?[\"']/= SIZE/; /^headroom/d"; }
diff <(unmarked original.toml) <(unmarked s.toml) || fail "more than the numbers has changed"
grep -qE "^per_worker = '(39|4[0-4])[0-9.]*MiB' +# a browser each" s.toml || fail "not written: $(cat s.toml)"
python3 -c 'import sys, xml.dom.minidom as x; assert len(x.parse("plot.svg").getElementsByTagName("circle")) == 6' ||
  fail "the picture is not six points in an SVG"

# A descriptor that somebody edits meanwhile is theirs.
cp original.toml s.toml
expect 125 "$FITRUN" measure -q --write --counts 1,2 s.toml -- \
  sh -c "echo '# mine' >>s.toml; $eater <threads> 1MiB"
said err 'changed since it was read'
[ "$(grep -c '# mine' s.toml)" -ge 2 ] || fail "an edit was lost"
grep -q '^# fitrun' s.toml && fail "written over an edit"
cp original.toml s.toml

# Without a descriptor, one to save.
expect 0 "$FITRUN" measure -q --counts 1,2 -- "$eater" '<threads>' 40MiB
sed -n '/^# learned by/,$p' out >new.toml
[ -s new.toml ] || fail "no descriptor: $(cat out)"
expect 0 "$FITRUN" plan --format json new.toml
python3 -c 'import json
plan = json.load(open("out"))
assert abs(plan["pools"][0]["per_worker"] / (40 * 2**20) - 1) < 0.05, plan
assert plan["command"][1:] == [str(plan["threads"]), "40MiB"], plan' || fail "not what was learned"

# Inputs of different sizes teach the factor: three bytes a worker for one of the file.
truncate -s 8MB small
truncate -s 16MB large
cat >f.toml <<'EOF'
[ram]
per_worker = { file = "small", parse_factor = 1.0 }  # a guess
EOF
expect 0 "$FITRUN" measure -q --write --counts 1,2,3 --input small --input large f.toml -- \
  sh -c "$eater <threads> \$((\$(stat -c %s <input>) * 3))"
factor=$(sed -n 's/.*parse_factor = \([0-9.]*\).*/\1/p' f.toml)
python3 -c "assert abs($factor / 3 - 1) < 0.05" || fail "learned a factor of $factor, not 3"
said f.toml '# a guess'
expect 0 "$FITRUN" measure -q --counts 1 --input small f.toml -- sh -c 'echo "$FITRUN_INPUT $0" >seen' '{input} {threads}'
said seen 'small small 1'

# A failing run ends it, with the command's own status; nothing is written.
expect 3 "$FITRUN" measure -q --write --counts 1,2 s.toml -- sh -c '[ <threads> = 1 ] || exit 3'
said err 'the run with 2 workers ended with status 3'
cmp -s s.toml original.toml || fail "written after a failure"
expect 143 "$FITRUN" measure -q s.toml -- sh -c 'kill -TERM $$; sleep 60 #<threads>'
[ ! -s out ] || fail "a report of nothing: $(cat out)"
expect 127 "$FITRUN" measure -q s.toml -- ./absent '<threads>'
one_line
expect 126 "$FITRUN" measure -q s.toml -- ./s.toml '<threads>'
one_line
expect 0 "$FITRUN" measure --counts 1 --repeat 1 s.toml -- true
said err "the command is not told the count: put '<threads>' into it"

# ^C ends it at once, as whoever waits for it expects.
mkfifo up
"$FITRUN" measure -q s.toml -- sh -c 'echo >up; exec sleep 600 #<threads>' >out 2>err </dev/null &
read -r <up
kill -TERM $!
wait $!
[ $? = 143 ] || fail "it does not end as the command did"
