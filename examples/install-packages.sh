#!/bin/sh
# install-packages.sh FILE...: installs the Debian packages that the files name
# and this machine lacks, with sudo where the user is not root. Asks nothing.
set -eu
# shellcheck disable=SC2046
names=$(echo $(sed 's/#.*//' "$@"))
if ! command -v dpkg-query >/dev/null; then
  echo "no Debian packages here; needed are the like of $names" >&2
  exit 0
fi

missing=
for name in $names; do
  status=$(dpkg-query -W -f '${Status}' "$name" 2>/dev/null) || status=
  case $status in
    *'ok installed') ;;
    *) missing="$missing $name" ;;
  esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || {
    echo "not root, and no sudo: please install$missing" >&2
    exit 1
  }
  as_root=sudo
fi
echo "installing$missing"
as_root="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q"
$as_root update </dev/null
# shellcheck disable=SC2086
$as_root install -y --no-install-recommends $missing </dev/null
