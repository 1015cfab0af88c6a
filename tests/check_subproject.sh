#!/bin/bash
# Fails if fitrun, as a part of another project, decides for it: its build type,
# tests, packages, installation or compile commands. Configures such a project and
# builds nothing.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
complain() {
  echo "$*" >&2
  status=1
}

mkdir "$work/outer"
cat >"$work/outer/CMakeLists.txt" <<EOF
cmake_minimum_required(VERSION 3.22)
project(outer LANGUAGES CXX)
add_subdirectory($source fitrun)
foreach(target fitrun fitrun_drivers fitrun_lib)
  if(NOT TARGET \${target})
    message(FATAL_ERROR "no target \${target}")
  endif()
endforeach()
foreach(name CMAKE_CXX_STANDARD CMAKE_CXX_EXTENSIONS CPACK_GENERATOR)
  if(DEFINED \${name})
    message(SEND_ERROR "\${name} is set for everybody")
  endif()
endforeach()
EOF

# configured NAME OPTION...: the project with these options, in $work/NAME.
configured() {
  local name=$1
  shift
  env -u CMAKE_BUILD_TYPE -u CMAKE_EXPORT_COMPILE_COMMANDS \
    cmake -S "$work/outer" -B "$work/$name" "$@" >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    complain "an outer project does not configure with: $*"
  }
}

configured plain
cache=$work/plain/CMakeCache.txt
grep -q '^CMAKE_BUILD_TYPE:[A-Z]*=$' "$cache" ||
  complain "the build type is decided: $(grep ^CMAKE_BUILD_TYPE: "$cache")"
grep -q '^BUILD_TESTING:' "$cache" && complain "BUILD_TESTING is set"
[ ! -e "$work/plain/CPackConfig.cmake" ] || complain "CPack is configured"
[ ! -e "$work/plain/DartConfiguration.tcl" ] || complain "CTest is configured"
[ ! -e "$work/plain/compile_commands.json" ] ||
  complain "compile commands are exported"
[ ! -e "$work/plain/fitrun/tests" ] || complain "the tests are a part of it"

# What it would install: only the scripts of folders, unless asked for.
installs() { grep -rlq 'file(INSTALL' "$work/$1" --include=cmake_install.cmake; }
installs plain && complain "fitrun is installed with the outer project"
configured wished -DFITRUN_INSTALL=ON -DBUILD_TESTING=ON
installs wished || complain "FITRUN_INSTALL=ON installs nothing"
[ ! -e "$work/wished/fitrun/tests" ] ||
  complain "the outer project's BUILD_TESTING builds fitrun's tests"
exit $status
