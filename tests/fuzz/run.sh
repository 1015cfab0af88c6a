#!/bin/bash
# run.sh [SECONDS [TARGET...]]: builds the fuzz targets, runs each for so many
# SECONDS (60), two at a time, and prints how many inputs each has tried. Ends
# with 1 and the input where one fails, with 77 where clang is missing. Findings
# start from tests/fuzz/corpus/TARGET, which is not written to.
set -u
seconds=${1:-60}
shift $(($# > 0))
cd "$(dirname "$0")/../.." || exit 2
command -v clang++ >/dev/null || {
  echo "SKIPPED: no clang++"
  exit 77
}
(cmake --preset fuzz && cmake --build --preset fuzz -j "$(nproc)") >/dev/null ||
  exit 2

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
try() { # TARGET
  mkdir "$work/$1"
  if build/fuzz/tests/fuzz/fuzz_"$1" -max_total_time="$seconds" -timeout=30 \
    -max_len=16384 -print_final_stats=1 -artifact_prefix="$PWD/build/fuzz/$1-" \
    "$work/$1" tests/fuzz/corpus/"$1" >"$work/$1.log" 2>&1; then
    printf '%-12s %12s executions\n' "$1" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$1.log")"
    return
  fi
  echo "$1 FAILED"
  tail -n 40 "$work/$1.log"
  return 1
}
export -f try
export seconds work

mapfile -t all < <(basename -s .cpp tests/fuzz/*.cpp)
[ $# -gt 0 ] || set -- "${all[@]}"
printf '%s\n' "$@" | xargs -P 2 -I TARGET bash -c 'try TARGET' || exit 1
