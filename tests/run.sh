#!/bin/bash
# run.sh [quick|ci]: installs what the tests need, builds with warnings as errors
# and runs everything: all tests, all tests again under AddressSanitizer and UBSan,
# format and lint. The last lines are ctest's own summary of all of it.
# `quick` leaves out the sanitizers and the lint; `ci` adds twenty seconds of fuzzing for
# each parser, and runs a test that failed once more: several hundred watch processes by
# the clock of a machine that others use. Both runs are shown, and a test that passes
# only then has a fault to be found.
set -eu
cd "$(dirname "$0")/.."
exec </dev/null

presets='dev asan' options=()
case ${1-} in
  '') ;;
  quick) presets=dev options=(-LE lint) ;;
  ci) presets='dev asan fuzz' options=(--repeat until-pass:2) ;;
  *)
    echo "usage: tests/run.sh [quick|ci]" >&2
    exit 2
    ;;
esac

examples/install-packages.sh examples/packages.txt tests/packages.txt
! command -v ccache >/dev/null || export CMAKE_CXX_COMPILER_LAUNCHER=ccache
folders=
for preset in $presets; do
  cmake --preset "$preset"
  cmake --build --preset "$preset" -j "$(nproc)"
  folder=$PWD/build/$preset
  [ "$preset" != fuzz ] || folder=$folder/tests/fuzz # its only tests, slow and last
  folders="$folders \"$folder\""
done

# One ctest over all build folders, so that there is one summary.
mkdir -p build/all
echo "subdirs($folders)" >build/all/CTestTestfile.cmake
exec ctest --test-dir build/all -j "$(nproc)" --output-on-failure \
  --no-tests=error --no-label-summary "${options[@]}"
