#!/bin/bash
# The CI files: their commands, taken out of the YAML, build and test a project.
. "$(dirname "$0")/lib.sh"
mkdir bin && ln -s "$FITRUN" bin/fitrun
printf '#!/bin/sh\necho "ctest $*"\nexec %s "$@"\n' "$(command -v ctest)" >bin/ctest
chmod 755 bin/ctest
PATH=$work/bin:$PATH
export FITRUN_AVAILABLE=ram=10GB FITRUN_WANT=64 FITRUN_HOLD=off

commands() { # of GitHub's `run: X`, of GitLab's list below `script:`
  sed -n -e 's/^ *\(- \)\?run: //p' -e '/^ *script:$/,$s/^ *- //p' "$1"
}

for yaml in github-actions gitlab-ci; do
  mkdir "$yaml" && cd "$yaml" || exit 2
  cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.22)
project(example NONE)
enable_testing()
add_test(NAME works COMMAND true)
add_custom_target(show ALL COMMAND echo jobs $$MAKEFLAGS)
CMAKE
  commands "$SOURCE/examples/ci/$yaml.yml" >commands
  [ -s commands ] || fail "no command in $yaml.yml"
  expect 0 sh -e commands
  said out ' -j3 ' # 10 GB x 0.7 / 2 GB
  said err '[budget:tests]'
  said out ' -j 14' # 7 GB / 500 MB
  said out '100% tests passed, 0 tests failed out of 1'
  cd "$work" || exit 2
done
