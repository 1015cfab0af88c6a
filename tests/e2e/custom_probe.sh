#!/bin/bash
# A command that prints the free bytes; whatever goes wrong is a line and 125.
. "$(dirname "$0")/lib.sh"
probe() { # the script's text
  printf '#!/bin/sh\n%s\n' "$1" >probe.sh && chmod 755 probe.sh
}
patience() { # SECONDS
  printf '[ram]\nper_worker = "1GB"\nprobe = ["./probe.sh", "<threads>"]\nprobe_timeout = %s\n' "$1" >s.toml
}
patience 60
answers() { # MESSAGE
  expect 125 timeout 60 "$FITRUN" --want 64 s.toml -- touch ran
  said err "s.toml:3: error: probe: ./probe.sh: $1"
  [ ! -e ran ] || fail "the command was started"
}
probe 'echo "  10 GB"; echo hello >&2'
expect 0 "$FITRUN" --want 64 s.toml -- echo '<threads>'
[ "$(cat out)" = 7 ] || fail "$(cat out)"
said err hello
expect 0 "$FITRUN" plan s.toml --format json --want 64
said out '"binding": "custom.probe"'
said out "\"where\": \"./probe.sh '<threads>'\""

probe 'echo lots'
answers 'printed "lots\x0a" instead of one size'
probe 'echo 1GB; echo 2GB'
answers 'printed "1GB\x0a2GB\x0a" instead of one size'
probe ':'
answers 'printed "" instead of one size'
probe 'echo 1GB; exit 3'
answers 'exit status 3'
probe 'kill -SEGV $$'
answers 'killed by signal 11'
probe 'head -c 100000000 /dev/zero'
answers 'printed more than 65536 bytes'
patience 0.3
probe 'echo $$ >pid; echo 1GB; exec sleep 1000'
answers 'no answer in 0.3 s'
holds gone "$(cat pid)" || fail "the hanging probe lives on"
probe 'sleep 1000 & echo $! >pid; wait'
answers 'no answer in 0.3 s'
holds gone "$(cat pid)" || fail "the probe's child lives on"
patience 60
rm probe.sh
answers 'No such file or directory'
: >probe.sh
answers 'Permission denied'

# a child that keeps the pipe open does not keep us
probe 'sleep 1000 & echo $! >pid; echo 10GB'
expect 0 timeout 60 "$FITRUN" -q --want 64 s.toml -- echo '<threads>'
[ "$(cat out)" = 7 ] || fail "$(cat out)"
kill "$(cat pid)"

# a caller that ignores SIGCHLD is no reason to lose the status, and the command
# inherits what the caller set
probe 'exit 3'
(trap '' CHLD; expect 125 "$FITRUN" s.toml -- true; said err 'exit status 3') || exit 1
probe 'echo 10GB'
(trap '' CHLD; expect 0 "$FITRUN" -q s.toml -- grep SigIgn: /proc/self/status)
ignored=$(cut -f2 out)
[ $((0x$ignored >> 16 & 1)) = 1 ] || fail "SIGCHLD is no longer ignored: $ignored"

# relative to the descriptor, wherever fitrun is started
mkdir sub && cd sub || exit 1
expect 0 "$FITRUN" -q --want 64 ../s.toml -- echo '<threads>'
[ "$(cat out)" = 7 ] || fail "$(cat out)"
