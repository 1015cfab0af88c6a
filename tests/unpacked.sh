# Sourced by tests that run what is not to be installed here: Debian's packages
# are unpacked and laid over /usr, in namespaces of the test's own, which end with
# all that was started in them.
# shellcheck shell=bash
set -eu

skip() {
  echo "SKIPPED: $*"
  exit 77
}

# known PACKAGE[|PACKAGE...]: the first that this release of Debian has.
known() {
  local name
  for name in ${1//|/ }; do
    apt-cache show --no-all-versions "$name" >/dev/null 2>&1 && break
  done
  echo "$name"
}

# run_unpacked PACKAGE[|PACKAGE...]...: calls `inside FOLDER` there; the folder is
# removed. Is called at the end of a script that runs itself again.
run_unpacked() {
  if [ "${1-}" = inside ]; then
    mount -t overlay overlay -o lowerdir="$2/root/usr:/usr" /usr ||
      skip "no overlay can be mounted here"
    inside "$2"
    exit
  fi
  [ "$(id -u)" = 0 ] || skip "this takes root"
  unshare -mup --fork true 2>/dev/null || skip "no namespaces can be made here"
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  mkdir "$folder/deb" "$folder/root"
  local alternatives packages=()
  for alternatives; do packages+=("$(known "$alternatives")"); done
  (cd "$folder/deb" && apt-get -qq download "${packages[@]}") >"$folder/apt.out" 2>&1 ||
    skip "apt-get does not fetch $1: $(tail -n 1 "$folder/apt.out")"
  for package in "$folder"/deb/*.deb; do
    dpkg-deb -x "$package" "$folder/root"
  done
  unshare -mup --fork --kill-child --mount-proc \
    "$(realpath "$0")" inside "$folder"
}

# need_libraries PROGRAM...: skips where one cannot be started here.
need_libraries() {
  local missing
  missing=$(ldd "$@" 2>/dev/null | sed -n 's/^\s*\(.*\) => not found/\1/p' |
    sort -u | tr '\n' ' ')
  [ -z "$missing" ] || skip "it lacks $missing"
}

fitrun=$(realpath "${FITRUN:?the program}")
export FITRUN_LEASES=off
