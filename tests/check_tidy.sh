#!/bin/bash
# check_tidy.sh BUILD_DIR: fails where clang-tidy finds something in src/. It runs
# once for each CPU at a time.
build=$(cd "$1" && pwd) && cd "$(dirname "$0")/.." || exit 2
. tests/llvm_tool.sh
tidy=$(llvm_tool clang-tidy) || exit
find src -name '*.cpp' | sort |
  xargs -P "$(nproc)" -n 1 "$tidy" -p "$build" --quiet 2>/dev/null
