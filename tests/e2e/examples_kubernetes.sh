#!/bin/bash
# The Job of examples/kubernetes: its memory is what fitrun asks for, its command
# starts that many workers there and fewer in less, and kubectl can read it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cp -r "$SOURCE/examples" examples && cd examples/html || exit 2
rm -rf site cache
./make-pages
job=../kubernetes/job.yaml
expect 0 "$FITRUN" request -q stages/html.toml --want 4 --for kubernetes
said $job "$(cat out)"
expect 0 "$FITRUN" request -q stages/html.toml --want 4 --for kubernetes --format bytes
memory=$(($(cat out) - (16 << 20)))

# The words of the flow sequences `command` and `args`.
mapfile -t words < <(sed -n 's/^ *\(command\|args\): //p' $job |
  python3 -c 'import json, sys; print(*sum(map(json.loads, sys.stdin), []), sep="\n")')
[ "${words[0]}" = fitrun ] || fail "no fitrun in $job"
for part in "$memory:4" "$((memory / 2)):1"; do
  expect 0 env FITRUN_AVAILABLE="ram=${part%:*}" "$FITRUN" "${words[@]:1:${#words[@]}-2}" site
  said out "rendered 1000 pages with ${part#*:} workers"
done

if kubectl version --client >/dev/null 2>&1; then
  expect 0 kubectl set image --local -f $job render=other -o json
  said out '"image": "other"'
else
  echo "NOTE kubectl is not here: it has not read $job"
fi
