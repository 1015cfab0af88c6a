#!/bin/sh
# build.sh [PROJECT]: builds and tests a CMake project with as many jobs as fit in
# the memory of the CI machine. For a project that has fitrun as a submodule, such
# as third_party/fitrun; builds fitrun first where there is none yet.
set -eu
project=${1:-.}
fitrun_source=$(cd "$(dirname "$0")/../.." && pwd)

if ! command -v fitrun >/dev/null; then
  "$fitrun_source/examples/install-packages.sh" \
    "$fitrun_source/examples/packages.txt"
  cmake -S "$fitrun_source" -B build-fitrun -G Ninja -DBUILD_TESTING=OFF
  cmake --build build-fitrun
  PATH=$PWD/build-fitrun/bin:$PATH
fi

cmake -S "$project" -B build
fitrun cmake --build build
# Tests that take 500 MB each, in place of a descriptor.
fitrun --label tests --per-worker 500MB -- \
  ctest --test-dir build --output-on-failure -j '<threads>'
