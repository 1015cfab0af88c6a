#!/bin/bash
# fitrun measure writes nothing that was not measured: runs that do nothing,
# workers that cost nothing, a command that is not told the count.
. "$(dirname "$0")/lib.sh"
eater=$HELPERS/eater
printf '[ram]\nper_worker = "300MB"\n' >s.toml
cp s.toml original.toml
kept() { cmp -s s.toml original.toml || fail "written: $(cat s.toml)"; }

# A build: what is built stays built.
cat >build <<'EOF'
#!/bin/sh
[ -e built ] || "$1" "$2" 30MiB
touch built
EOF
chmod +x build
build=(./build "$eater" '<threads>')
expect 125 "$FITRUN" measure -q --write --counts 1,2 s.toml -- "${build[@]}"
said err 'run 2, with 2 workers, took 0.'
said err 'did not do the same work'
said err '--prepare'
kept
grep -q -e '--write puts' -e 'With these costs' out && fail "it proposes what it does not believe"
rm built
expect 125 "$FITRUN" measure -q --counts 1,2 -- "${build[@]}"
grep -q 'per_worker = ' out && fail "a descriptor of what it does not believe"
[ -e built ] || fail "the first run did nothing"

# Undone before each run. It knows of the run, and is not measured.
printf 'rm -f built; echo "$FITRUN_THREADS" >>told; %s 1 200MiB\n' "$eater" >prepare
expect 0 "$FITRUN" measure -q --prepare '. ./prepare' --write --counts 1,2 s.toml -- "${build[@]}"
grep -qE '^per_worker = "3[0-3][0-9.]*MB"' s.toml || fail "not learned: $(cat s.toml)"
[ "$(tr '\n' ' ' <told)" = '1 2 1 2 1 2 ' ] || fail "prepared for: $(cat told)"
cp original.toml s.toml

# Where it fails, so does the measurement; the run that it was for is not made.
rm -f built
expect 125 "$FITRUN" measure -q --prepare 'test ! -e built' --write --counts 1,2 s.toml -- "${build[@]}"
said err 'the command of --prepare ended with status 1, before run 2'
kept

# After each run it is said what follows, during a long one now and then.
expect 0 "$FITRUN" measure --counts 1,2 s.toml -- "$eater" '<threads>' 1MiB
grep -q 'run 1 of 6, 1 worker: .* in .*; 5 more runs, about ' err || fail "nothing is left: $(cat err)"
[ "$(grep -c '; [1-5] more run' err)" = 5 ] || fail "not after each: $(cat err)"
expect 0 "$FITRUN" measure --counts 1 --repeat 1 s.toml -- sh -c "sleep 8 #<threads>"
# Five seconds after the measurement has begun, which is before the run has.
grep -q 'run 1 of 1, 1 worker: [4-8]\.[0-9] s, .* now$' err || fail "silent for 5 s: $(cat err)"

expect 3 "$FITRUN" measure -q -- sh -c 'exit 3 #<threads>'
said err 'fitrun: measure: the run with 1 worker ended with status 3'

# More workers cost nothing: how many fit cannot be told from that.
expect 125 "$FITRUN" measure -q --write --counts 1,2,4 s.toml -- sh -c "exec $eater 1 30MiB #<threads>"
said err '--write: nothing was written: RAM: what a worker takes '
kept
expect 0 "$FITRUN" measure -q --format json --counts 1,2,4 s.toml -- sh -c "exec $eater 1 30MiB #<threads>"
python3 -c 'import json
pool = json.load(open("out"))["pools"][0]
assert pool["doubt"] and pool["proposal"] == [], pool' || fail "no doubt in JSON: $(cat out)"

# The count reaches the command in no way: known before the first run.
expect 125 "$FITRUN" measure -q --write s.toml -- touch ran
said err 'the command is not told the count'
one_line
[ ! -e ran ] || fail "it ran"
kept

# What was looked up by its name is nobody's to change: the user gets a copy,
# which is found first from then on, and is the user's.
export XDG_CONFIG_HOME=$work/config
mkdir -p config/fitrun/configs
cp s.toml config/fitrun/configs/job.toml
own=config/fitrun/job.toml
learn=(measure -q --write --counts 1,2 --repeat 2 job --)
expect 0 "$FITRUN" measure -q --counts 1,2 --repeat 2 job -- "$eater" '<threads>' 30MiB
said out "--write puts these into $work/$own, made from $work/config/fitrun/configs/job.toml:"
[ ! -e $own ] || fail "written without --write"
expect 0 "$FITRUN" "${learn[@]}" "$eater" '<threads>' 30MiB
said out "Written into $work/$own, made from $work/config/fitrun/configs/job.toml:"
cmp -s config/fitrun/configs/job.toml original.toml || fail "the looked-up descriptor was changed"
grep -qE '^per_worker = "3[0-3][0-9.]*MB"' $own || fail "not learned: $(cat $own)"
expect 0 "$FITRUN" "${learn[@]}" "$eater" '<threads>' 60MiB
said out "Written into $work/$own:"
grep -qE '^per_worker = "6[1-5][0-9.]*MB"' $own || fail "not learned: $(cat $own)"
# A copy would not find what stands beside it.
printf '[ram]\nper_worker = { file = "pages.json" }\n' >config/fitrun/configs/near.toml
echo 1 >config/fitrun/configs/pages.json
expect 125 "$FITRUN" measure -q --write near -- touch ran '<threads>'
said err 'names files beside it'
one_line
[ ! -e ran ] || fail "it ran"
[ ! -e config/fitrun/near.toml ] || fail "half a copy"
rm -r config
expect 125 env -u XDG_CONFIG_HOME -u HOME "$FITRUN" measure -q --write make -- touch ran '<threads>'
[ ! -e ran ] || fail "it ran"
said err 'no place for a descriptor of your own'
