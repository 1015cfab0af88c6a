#!/bin/bash
# The line for tmpfiles.d makes a folder that launches of all users share.
. "$(dirname "$0")/lib.sh"
conf=$SOURCE/packaging/tmpfiles.d/fitrun.conf
grep -v '^#' "$conf" >line
read -r type path mode user group age <line
grep -q '^d /run/fitrun/0 0755 root root -$' line || fail "root's own folder is not made: $(cat line)"
[ "$type $path $user $group $age" = 'd /run/fitrun root root -' ] || fail "not the folder that is looked for: $(cat line)"
mkdir shared
chmod "$mode" shared
export FITRUN_LEASES=$work/shared
expect 0 "$FITRUN" --per-worker 1 --want 1 -- true '<threads>'
grep -q 'not seen' err && fail "the folder is not trusted: $(cat err)"
# Others can read what is set aside, whatever the umask.
umask 077
expect 0 "$FITRUN" -q --per-worker 1 --want 1 -- true
[ "$(stat -c %a "shared/$(id -u)")" = 755 ] || fail "others cannot look into it"
set -- shared/*/*.lease
[ "$(stat -c %a "$1")" = 644 ] || fail "others cannot read it: $(ls -l shared)"
chmod 0777 shared
expect 0 "$FITRUN" --per-worker 1 --want 1 -- true '<threads>'
said err 'not sticky'
