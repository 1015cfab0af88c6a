#!/bin/bash
# Fails where a source file is not as clang-format would have it.
cd "$(dirname "$0")/.." || exit 2
. tests/llvm_tool.sh
format=$(llvm_tool clang-format) || exit
find src tests -name '*.h' -o -name '*.cpp' | sort |
  xargs "$format" --dry-run --Werror
