#!/bin/bash
# A wrong command line: one line that names the flag, 125, and nothing is run.
. "$(dirname "$0")/lib.sh"
stage
refuses 'unknown option "--wnt"; did you mean --want?' --wnt 3 s.toml touch ran
refuses 'unknown option "--bogus"' s.toml --bogus -- touch ran
refuses 'unknown option "-x"' -x s.toml touch ran
refuses 'unknown option "--json" (see --help)' --json s.toml touch ran
refuses 'unknown option "-x"; what is the command'"'"'s belongs behind --: s.toml -- COMMAND -x' s.toml -x touch ran
refuses '--want needs a value' --want
for n in 0 -3 1000000000000 1.5 x ''; do
  refuses '--want: not a worker count' --want "$n" s.toml touch ran
done
for size in 9Mxyz nan 1e400GB -5MB 99999999999TB ''; do
  refuses '--per-worker: not a size' --per-worker "$size" -- touch ran
  refuses '--reserve: not a size' --reserve "$size" s.toml touch ran
done
for share in 0 -1 1.5 nan x ''; do
  refuses '--headroom: ' --headroom "$share" s.toml touch ran
done
refuses '--on-no-fit: expected "run-one", "fail" or "wait"' --on-no-fit stop s.toml touch ran
refuses '--pool: expected ram or vram' --pool disk s.toml touch ran
refuses '--wait-timeout: not a time: "soon"' --wait-timeout soon s.toml touch ran
refuses '--format: expected text, json, shell or threads' plan --format xml s.toml
refuses '--label: a label is one line' --label '' s.toml touch ran
refuses 'no command to run: give one after --, or command = [...] in s.toml' s.toml
refuses 'no command to run' s.toml --
refuses 'neither a command nor a cost: give a command (make -j16), a STAGE, or --per-worker SIZE'
refuses 'no command to run: give one after --' --per-worker 1GB
refuses 'check: give one or more descriptors' check
refuses "--write: there is no descriptor to write to" measure --write -- touch ran
refuses "--plot: absent/p.svg: No such file" measure --plot absent/p.svg s.toml touch ran
refuses "--input: absent: No such file" measure --input absent s.toml touch ran
refuses "--input: .: not a regular file" measure --input . s.toml touch ran
for n in 0 -1 x 1,,2 1,0 9999999 ""; do
  refuses "--counts: expected a whole number from 1 to" measure --counts "$n" s.toml touch ran
done
refuses "--repeat: expected a whole number from 1 to 1000" measure --repeat 0 s.toml touch ran
refuses "--retry-on-oom: expected a whole number from 1 to 22" --retry-on-oom 0 s.toml touch ran
refuses "no command to run" measure s.toml
refuses "no command to run" measure
