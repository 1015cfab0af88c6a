#!/bin/bash
# Where fitrun measure and probe --capture write: nothing of the user's is lost,
# taken over, or written to through somebody else's link.
. "$(dirname "$0")/lib.sh"
eater=$HELPERS/eater
learn=(measure -q --counts 1,2 --repeat 2)
job=("$eater" '<threads>' 20MiB)
stage() { printf '[ram]\nper_worker = "1GiB"\n' >"$1"; }
learned() { grep -qE '^per_worker = "(19|2[0-2])[0-9.]*MiB"' "$1" || fail "not written: $(cat "$1")"; }

# What is no regular file is refused before the first run, and stays.
mkfifo fifo
for place in fifo /dev/null; do
  expect 125 "$FITRUN" "${learn[@]}" --plot $place -- sh -c 'touch ran #<threads>'
  said err "$place: not a regular file"
  one_line
done
[ -p fifo ] && [ -c /dev/null ] || fail "a special file was replaced"
[ ! -e ran ] || fail "the command ran first"

# Other names of the file stay names of it.
stage s.toml
ln s.toml other.toml
expect 0 "$FITRUN" "${learn[@]}" --write s.toml -- "${job[@]}"
learned other.toml
[ "$(ls -A)" = "$(printf '%s\n' err fifo other.toml out s.toml)" ] || fail "litter: $(ls -A)"

[ "$(id -u)" = 0 ] || skip "the rest needs root: mount points and other users"
unshare -m true 2>/dev/null || skip "no mount namespace can be made here"
# Others may not reach the build, nor this folder.
cp "$FITRUN" fitrun
cp "$HELPERS/eat" eat
chmod 755 . fitrun eat

# Docker's -v FILE: the file is a mount point, and cannot be replaced.
stage mounted.toml
touch here.toml
expect 0 unshare -m sh -c 'mount --bind mounted.toml here.toml && exec "$@"' - \
  "$FITRUN" "${learn[@]}" --write here.toml -- "${job[@]}"
learned mounted.toml

# A user's file stays the user's, whoever writes, and is written where the user
# may write to it but to nothing beside it.
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups ./fitrun)
# Held until it is seen by sampling: nobody may make a control group.
held=(env EAT_UNTIL_SEEN=1 ./eat processes '<threads>' 0 20)
mkdir closed
stage closed/s.toml
chown 65534:7 closed/s.toml
expect 0 "${as_nobody[@]}" "${learn[@]}" --write closed/s.toml -- "${held[@]}"
learned closed/s.toml
[ "$(stat -c %u:%g closed/s.toml)" = 65534:7 ] || fail "the owner has changed"
expect 0 "$FITRUN" "${learn[@]}" --write closed/s.toml -- "$eater" '<threads>' 30MiB
[ "$(stat -c %u:%g closed/s.toml)" = 65534:7 ] || fail "the owner has changed"
chown 0 closed/s.toml
expect 125 "${as_nobody[@]}" "${learn[@]}" --write closed/s.toml -- sh -c 'touch ran #<threads>'
said err 'closed/s.toml: Permission denied'
one_line

# In a sticky folder another user's links lead nowhere (fs.protected_symlinks,
# which the kernel alone looks after).
[ "$(cat /proc/sys/fs/protected_symlinks)" = 1 ] || skip "fs.protected_symlinks is off here: links in sticky folders"
mkdir -m 1777 sticky
mkdir mine
stage mine/s.toml
cp mine/s.toml before
setpriv --reuid 65534 --clear-groups ln -s "$work/mine/s.toml" sticky/s.toml
setpriv --reuid 65534 --clear-groups ln -s "$work/mine" sticky/folder
expect 125 "$FITRUN" "${learn[@]}" --write sticky/s.toml -- "${job[@]}"
said err 'sticky/s.toml: Permission denied'
expect 125 "$FITRUN" "${learn[@]}" --plot sticky/folder/p.svg -- "${job[@]}"
said err 'sticky/folder/p.svg: Permission denied'
expect 125 "$FITRUN" probe --capture sticky/folder/machine
said err 'sticky/folder/machine: Permission denied'
cmp -s before mine/s.toml || fail "written through the link of another user"
[ "$(ls -A mine)" = s.toml ] || fail "written through the link of another user: $(ls -A mine)"
