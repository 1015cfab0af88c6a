#!/bin/bash
# install-packages.sh: asks apt for what is missing and for nothing else, with
# sudo only where it is needed. Stand-ins for apt, dpkg, sudo and id.
. "$(dirname "$0")/lib.sh"
mkdir bin
stand_in() { printf '#!/bin/sh\n%s\n' "$2" >"bin/$1" && chmod 755 "bin/$1"; }
stand_in dpkg-query 'case $4 in here) echo "install ok installed" ;;
  gone) echo "deinstall ok config-files" ;; *) exit 1 ;; esac'
stand_in apt-get 'echo "$DEBIAN_FRONTEND apt-get $*"; cat'
stand_in sudo 'echo "sudo $1"; exec "$@"'
install() { echo typed | PATH=$work/bin:$PATH "$SOURCE/examples/install-packages.sh" "$@"; }

printf '# a comment\nhere\n' >nothing.txt
stand_in id 'echo 1000'
expect 0 install nothing.txt
[ ! -s out ] || fail "something was done: $(cat out)"

printf 'here\ngone # why\nnew\n' >some.txt
expect 0 install nothing.txt some.txt
diff - out <<'END' || fail "not these steps"
installing gone new
sudo env
noninteractive apt-get -q update
sudo env
noninteractive apt-get -q install -y --no-install-recommends gone new
END
stand_in id 'echo 0'
expect 0 install some.txt
grep -q sudo out && fail "root needs no sudo"
stand_in apt-get 'exit 100'
expect 100 install some.txt
