#!/bin/bash
# A STAGE that is no file with a name: standard input, or what <(...) gives.
. "$(dirname "$0")/lib.sh"
text='want = 8
[ram]
per_worker = "2GB"
fixed = { file = "data", missing = "error" }'
echo data >data # beside us, not in /dev
run() { # STATUS COMMAND...
  expect "$@"
  [ "$(cat out)" = "4" ] || fail "$(cat out; cat err)"
}
fit() { "$FITRUN" -q --available ram=12GB "$@"; } # 8.4 GB
from_pipe() { echo "$text" | fit "$@"; }
run 0 from_pipe - echo '<threads>'
run 0 from_pipe /dev/stdin echo '<threads>'
run 0 from_pipe /dev/fd/0 -- echo '<threads>'
run 0 from_pipe /proc/self/fd/0 -- echo '<threads>'
substituted() { fit <(echo "$text") echo '<threads>'; }
run 0 substituted
from_file() { fit - echo '<threads>' <descriptor; }
echo "$text" >descriptor
run 0 from_file
label() { echo "$text" | "$FITRUN" --available ram=12GB - true; }
expect 0 label
said err '[budget:stdin]'
check() { printf 'x = 1\n' | "$FITRUN" check -; }
expect 125 check
said err '-:1:1: error: unknown key "x"'
# What cannot be read.
expect 125 "$FITRUN" - touch ran # /dev/null: empty
said err 'error: no cost'
closed() { "$FITRUN" - touch ran <&-; }
expect 125 closed
one_line
said err 'the descriptor from standard input: Bad file descriptor'
expect 125 "$FITRUN" /dev/fd/77 touch ran
one_line
folder() { "$FITRUN" - touch ran </; }
expect 125 folder
one_line
endless() { yes | "$FITRUN" - touch ran; }
expect 125 endless
said err 'larger than expected'
wrote() { echo "$text" | "$FITRUN" measure --write - touch ran; }
expect 125 wrote
said err '--write: "-" has no descriptor of its own'
[ ! -e ran ] || fail "the command was started"
