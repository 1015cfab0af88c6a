#!/bin/bash
# Sourced by the checks that need a tool of LLVM. Every version formats and warns
# a little differently, so one version is the reference: Debian 12's.
reference=14

# Prints the name of the reference version of a tool, or ends as skipped.
llvm_tool() {
  local name version
  for name in "$1-$reference" "$1"; do
    version=$("$name" --version 2>/dev/null |
      sed -n 's/.*version \([0-9]*\)\..*/\1/p' | head -n 1) || continue
    if [ "$version" = $reference ]; then
      echo "$name"
      return
    fi
  done
  echo "SKIPPED: no $1 of version $reference here, the only one that is asked" >&2
  exit 77
}
