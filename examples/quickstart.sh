#!/bin/sh
# From a fresh Debian or Ubuntu to the main job: installs what is missing, builds
# fitrun and runs the example stage with it.
set -eu
cd "$(dirname "$0")/.."
examples/install-packages.sh examples/packages.txt
cmake --preset release
cmake --build --preset release

PATH=$PWD/build/release/bin:$PATH
cd examples/html
[ -e cache/pages.json ] || ./make-pages
show() {
  printf '\n$ %s\n' "$1"
  sh -c "$1"
}
show "fitrun plan stages/html.toml"
show "fitrun stages/html.toml -- ./render --jobs '<threads>'"
printf '\nThe same with 400 MB to give, and 8 workers wanted:\n'
show "fitrun --available ram=400MB --want 8 stages/html.toml -- ./render --jobs '<threads>'"
printf '\nThe pages are in %s, fitrun is in %s\n' \
  "$PWD/site" "$(command -v fitrun)"
