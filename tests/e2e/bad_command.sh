#!/bin/bash
# A command that cannot be started: 126 or 127, and a line that says why.
. "$(dirname "$0")/lib.sh"
stage
run() { "$FITRUN" -q --available ram=100GB s.toml -- "$@" '<threads>'; }
start() { expect "$1" run "${@:3}"; one_line; said err "$2"; }

start 127 './nope: No such file or directory' ./nope
start 127 'no-such-command: command not found' no-such-command
start 126 '/: Is a directory' /
echo 'echo hi' >plain && chmod 644 plain
start 126 './plain: Permission denied' ./plain
printf '#!/no/such/interpreter\n' >script && chmod 755 script
start 127 './script: its interpreter' ./script
chmod 755 plain # no #! line: a shell runs it, as with execvp
expect 0 run ./plain
[ "$(cat out)" = hi ] || fail "$(cat out)"
start 127 ': ' ''

# the kernel's limit on one word, passed only by what the count was put into
word=$(head -c 131049 /dev/zero | tr '\0' x)
expect 0 "$FITRUN" -q --available ram=100GB s.toml -- true "$word<threads>"
start 126 'the command line and environment are larger than the kernel allows' \
  true "$word{available}{available}"

# the command's own status comes through
for status in 0 1 7 125 255; do
  expect $status "$FITRUN" -q s.toml -- sh -c "exit $status # <threads>"
done
