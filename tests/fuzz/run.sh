#!/bin/bash
# Runs every fuzz target for so many SECONDS (60) and prints how many inputs
# each has tried. Ends with 1 and the input where one fails, with 77 where clang
# is missing. Findings start from tests/fuzz/corpus/NAME, which is not written
# to.
set -u
seconds=${1:-60}
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 2
command -v clang++ >/dev/null || {
  echo "SKIPPED: no clang++"
  exit 77
}
cmake --preset fuzz >/dev/null && cmake --build --preset fuzz || exit 2

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
status=0
for source in "$here"/*.cpp; do
  name=$(basename "$source" .cpp)
  mkdir -p "$work/$name"
  if build/fuzz/tests/fuzz/fuzz_"$name" -max_total_time="$seconds" -timeout=5 \
    -max_len=16384 -print_final_stats=1 -artifact_prefix="$PWD/build/fuzz/$name-" \
    "$work/$name" "$here/corpus/$name" >"$work/log" 2>&1; then
    printf '%-12s %12s executions\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")"
  else
    echo "$name FAILED" >&2
    tail -n 40 "$work/log" >&2
    status=1
  fi
done
exit $status
