#!/bin/bash
# fitrun request: what it prints fits where it goes, and of what is asked for
# plan gives the workers. Needs: python3; kubectl and docker are tried where
# they run.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
export FITRUN_STATE=$work/state XDG_CONFIG_HOME=$work/none
base=$((16 << 20)) mib=$((1 << 20))
printf 'label = "HTML"\nwant = 4\n[ram]\nfixed = "65MB"\nper_worker = "50MB"\n' >html.toml
request() { expect 0 "$FITRUN" request "$@"; }

# (65 + 4 x 50) / 0.7 = 378.6 MB, and 16 MiB: 377.03 MiB
request html.toml --for slurm
[ "$(cat out)" = --mem=378M ] || fail "$(cat out)"
said err '[budget:HTML] RAM (fixed 65 MB + 4 x 50 MB/worker) / 0.7 headroom (default) + 17 MB for what runs beside them -> 395 MB'
said err '[budget:HTML] with --headroom 0.95, as measured costs have: --mem=283M'
request html.toml --for slurm -q --headroom 0.95
[ "$(cat out)" = --mem=283M ] || fail "$(cat out)"
[ ! -s err ] || fail "not quiet: $(cat err)"
request html.toml
said out 'HTML: ask for 395 MB of RAM, so that 4 workers fit'
said out '  kubernetes  resources: {requests: {memory: 378Mi}, limits: {memory: 378Mi}}'
said out '  gridengine  -pe smp 4 -l h_vmem=95M'
request html.toml --for pbs --format json
python3 - <<'P' || fail "$(cat out)"
import json
said = json.load(open("out"))
assert (said["label"], said["stage"]) == ("HTML", "html.toml")
assert said["workers"] == {"value": 4, "origin": "html.toml:2"}, said
pool = said["pools"][0]
assert (pool["pool"], pool["fixed"], pool["per_worker"]) == ("ram", 65000000, 50000000)
assert (pool["headroom"], pool["base"]) == (0.7, 16 << 20)
assert [r["text"] for r in said["requests"]] == ["-l select=1:ncpus=4:mem=378mb"]
assert said["requests"][0]["bytes"] == 378 << 20
P

# The other way round, by the program itself: N workers, and of a unit less fewer.
planned() { # BYTES OPTION...
  local bytes=$1
  shift
  "$FITRUN" plan --available "ram=$bytes" --format threads "$@" 2>err
}
for costs in '--per-worker 50MB' '--per-worker 333333333 --fixed 1GB --reserve 7MB' \
  '--per-worker 2GiB --headroom 0.95' '--per-worker 1234567 --headroom 0.31'; do
  for want in 1 3 64 1000; do
    # shellcheck disable=SC2086
    set -- $costs --want $want
    request "$@" --format bytes -q
    bytes=$(($(cat out) - base))
    [ "$(planned $bytes "$@")" = "$want" ] || fail "$*: of $bytes $(planned $bytes "$@") workers"
    planned $((bytes - 1)) "$@" --on-no-fit fail >out && [ "$(cat out)" = "$want" ] &&
      fail "$*: a byte less is enough"
    request "$@" --for kubernetes --format bytes -q
    unit=$(($(cat out) - base))
    [ "$(planned $unit "$@")" = "$want" ] || fail "$*: of $unit $(planned $unit "$@") workers"
    [ $((unit - mib)) -lt "$bytes" ] || fail "$*: a MiB less is enough"
  done
done

# A tool by its name, its own count, and what its runs have taught.
printf '[tool]\ncommands = ["make"]\ncount = ["-j"]\n[ram]\nper_worker = "2GB"\n' >tool.toml
mkdir .git
request tool.toml --want 16 --for docker
[ "$(cat out)" = --memory=43613m ] || fail "$(cat out)"
if command -v make >/dev/null; then
  request --for docker make -j3
  [ "$(cat out)" = --memory=8191m ] || fail "$(cat out)"
  jobs='a b c d e f g h'
  printf 'all: %s\n%s:\n\t@%s threads 1 0 20 500\n' "$jobs" "$jobs" "$HELPERS/eat" >Makefile
  expect 0 env FITRUN_HOLD=off "$FITRUN" -q make -j3
  holds no_keeper || fail "the keeper does not end"
  request make --want 2 --for docker
  number=$(tr -dc 0-9 <out)
  { [ "$number" -gt 50 ] && [ "$number" -lt 200 ]; } || fail "two jobs of 20 MiB: $(cat out err)"
  request make --want 2
  said out 'learned from 1 run'
fi

# VRAM: of whom it can be asked, and one line of whom not.
printf '[ram]\nper_worker = "1GB"\n[vram]\nfixed = "2GiB"\nper_worker = "1GiB"\n' >gpu.toml
request gpu.toml --want 4 --for lsf
[ "$(cat out)" = '-R rusage[mem=5466MB/host] -M 5466MB -gpu num=1:gmem=8778MB' ] || fail "$(cat out)"
request gpu.toml --want 4 --for slurm
[ "$(cat out)" = '--mem=5466M' ] || fail "$(cat out)"
said err 'slurm cannot be asked for an amount of VRAM: choose a GPU with 9.2 GB free'

# What is not known is said, and nothing is printed in its place.
request --fixed 1GB --per-worker 0 --want 3 --for docker
said err 'workers cost no RAM of their own'
request --per-worker 1GB --for docker
said err 'as many workers as this machine has CPUs'
for words in 'true --for slurm' '' '--for slrum html.toml' '--format shell html.toml' \
  '--per-worker 9000000T --want 9' 'html.toml --want 99999 --for github' \
  '--pool vram --per-worker 1GB --for slurm'; do
  # shellcheck disable=SC2086
  expect 125 "$FITRUN" request $words
  one_line
done
expect 125 "$FITRUN" request true
said err 'nothing says what a worker of true costs: give --per-worker SIZE, or run it once with fitrun'
"$FITRUN" request html.toml --for slurm >/dev/full 2>err && fail "a lost request is no success"

# kubectl's own parser, without a server, reads as many bytes as are said.
if kubectl version --client >/dev/null 2>&1; then
  request html.toml --for kubernetes -q --format bytes
  bytes=$(cat out)
  {
    printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n  - name: x\n    image: x\n    '
    "$FITRUN" request html.toml --for kubernetes -q | sed "s/378Mi}}/$((bytes / 1024))Ki}}/"
  } >pod.yaml
  expect 0 kubectl set image --local -f pod.yaml x=y -o json
  python3 - <<'P' || fail "$(cat out)"
import json
both = json.load(open("out"))["spec"]["containers"][0]["resources"]
assert both["requests"] == both["limits"] == {"memory": "378Mi"}, both
P
else
  echo "NOTE kubectl is not here: its reading of the quantity is not tried"
fi

# A container of that size has the workers.
if docker info >/dev/null 2>&1; then
  cp "$FITRUN" fitrun
  printf 'FROM scratch\nCOPY fitrun /fitrun\n' >Dockerfile
  expect 0 docker build -q -t fitrun-request .
  for engine_want in 1 4; do
    # shellcheck disable=SC2046
    expect 0 docker run --rm $("$FITRUN" request --per-worker 50MB --want $engine_want --for docker -q) \
      fitrun-request /fitrun plan --per-worker 50MB --want $engine_want --format threads
    [ "$(cat out)" = $engine_want ] || fail "in a container: $(cat out err)"
  done
else
  echo "NOTE no docker daemon runs here: the container is not tried"
fi

# The pages name every scheduler.
request html.toml --format json
for name in $(sed -n 's/.*"for": "\(.*\)".*/\1/p' out); do
  grep -q "^|.*\`$name\`.*|" "$SOURCE/docs/clusters.md" || fail "docs/clusters.md: no $name"
  sed 's/\\-/-/g' "$SOURCE/src/cli/doc/fitrun.1" | grep -qE "^\.BR? $name( [,.])?\$" ||
    fail "fitrun.1: no $name"
done
