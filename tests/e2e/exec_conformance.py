#!/usr/bin/env python3
"""fitrun becomes the command exactly as env(1) does, in every column.

Without arguments: fitrun, with several stages, and with jobs of the command held.
With arguments, any wrapper:

  HELPERS=build/dev/tests exec_conformance.py [OPTION]... -- WRAPPER...
    --baseline CMD        compare with this instead of env
    --only SCENARIO       measure this one only (repeatable), e.g. "signals"
    --add NAME            a variable that the wrapper may add (repeatable)
    --allow COLUMN=VALUE  accept this value too (repeatable), e.g.
                          "group signal: SIGTERM arrives=doubled"
    --deadline SECONDS    how long to wait for an event (default 20)

Needs: python3 (standard library only).
"""

import argparse
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
sys.dont_write_bytecode = True

from cgroups import hide_version_2, own_version_2  # noqa: E402
from conformance import compare  # noqa: E402

STAGES = {
    "plain.toml": """
[ram]
per_worker = "1MB"
[inject.env]
INJECTED = "<threads>"
""",
    "injecting.toml": """
[ram]
fixed = { file = "input", parse_factor = 2.0 }
per_worker = "1MB"
probe = ["./free"]
[inject.env]
INJECTED = "<threads>"
""",
    "holding.toml": """
want = 8
hold = "on"
[ram]
per_worker = "1GB"
[inject.env]
INJECTED = "<threads>"
""",
}
ADDED = ("FITRUN_HOLDER", "FITRUN_LEASE", "FITRUN_THREADS", "INJECTED")
# What a wrapper may say on stderr before the command writes there.
STDERR = ("standard output: errors before the command",
          "standard output: errors after it")
# A command that starts two jobs, which end with it, and becomes another. The
# second is to be held before, stopped or frozen as $1 says: of their bound one
# fits.
BESIDE_JOBS = """#!/bin/sh
wanted=$1
shift
job() {
  /usr/bin/setpriv --pdeathsig KILL /bin/sleep 20 </dev/null >/dev/null 2>&1 &
  looks=0 name= state=
  until [ "$name$state" = "$1" ]; do
    [ $((looks += 1)) -lt 100000 ] || exit 99
    read -r _ name state _ <"/proc/$!/stat"
    [ "$state" = T ] && name= || state=
    while read -r group; do
      case $group in 0::*/fitrun-held-*) name=frozen ;; esac
    done <"/proc/$!/cgroup"
  done
}
job "(sleep)"
job "$wanted"
exec "$@"
"""


def write_stages(folder):
    for name, text in STAGES.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
    with open(os.path.join(folder, "input"), "wb") as file:
        file.write(b"x" * 1000)
    probe = os.path.join(folder, "free")
    with open(probe, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\ncat >/dev/null\necho 4GiB\n")
    os.chmod(probe, 0o755)
    jobs = os.path.join(folder, "beside_jobs")
    with open(jobs, "w", encoding="ascii") as file:
        file.write(BESIDE_JOBS)
    os.chmod(jobs, 0o755)


def check_fitrun():
    fitrun = os.environ.get("FITRUN")
    if not fitrun:
        sys.exit("set FITRUN to the program, or name a wrapper after --")
    failed = False
    with tempfile.TemporaryDirectory(prefix="stages") as folder:
        os.chmod(folder, 0o755)
        write_stages(folder)
        os.environ.update(XDG_STATE_HOME=os.path.join(folder, "state"),
                          FITRUN_LEASES=os.path.join(folder, "leases"))
        os.mkdir(os.environ["FITRUN_LEASES"], 0o700)
        plain = os.path.join(folder, "plain.toml")
        injecting = os.path.join(folder, "injecting.toml")
        holding = os.path.join(folder, "holding.toml")
        for wrapper, ignored in (
                ([fitrun, "-q", plain, "--"], ()),
                ([fitrun, plain, "--"], STDERR),
                ([fitrun, "-v", plain, "--"], STDERR),
                # Nothing says where the count goes: a warning, even so.
                ([fitrun, "-q", "--per-worker", "1MB", "--"], STDERR),
                ([fitrun, "-q", injecting, "--"], ()),
                # Watched from beside, it still is the command.
                ([fitrun, "-q", "--watch", plain, "--"], ()),
                # Its keeper would hold jobs, and there are none.
                ([fitrun, "-q", holding, "--"], ())):
            print("==", *wrapper)
            failed |= bool(compare(["env"], wrapper, 30, added=ADDED,
                                   ignored=ignored))
        failed |= differs_while_it_holds(fitrun, folder)
    return 1 if failed else 0


def differs_while_it_holds(fitrun, folder):
    if not os.access("/usr/bin/setpriv", os.X_OK):
        print("SKIPPED: while a job is held: no setpriv")
        return False
    # What one launch learns of the jobs would let both run in the next.
    os.environ["FITRUN_STATE"] = "/dev/null/none"
    place, why = own_version_2()
    differs = False
    if place:
        differs = differs_while(fitrun, folder, "frozen", {})
    else:
        print("SKIPPED: while a job is frozen:", why)
    if not hide_version_2():
        print("SKIPPED: while a job is stopped: no mounts of our own")
        return differs
    # Where its parent dies, a group with a stopped process in it hears SIGHUP
    # from the kernel (setpgid(2)), beside that of the terminal.
    return differs_while(fitrun, folder, "T",
                         {"hang up: SIGHUP arrives": "2"}) or differs


def differs_while(fitrun, folder, held, allowed):
    jobs = os.path.join(folder, "beside_jobs")
    # One gigabyte fits into 0.9 x 1.5.
    wrapper = [fitrun, "-q", "--available", "ram=1500MB",
               os.path.join(folder, "holding.toml"), "--", jobs, held]
    print("==", *wrapper)
    baseline = ["env", jobs, "(sleep)"]
    # Whether a job is held at all: if not, each scenario would wait for it.
    if compare(baseline, wrapper, 30, wanted=["process"]):
        return True
    return bool(compare(baseline, wrapper, 30, added=ADDED, allowed=allowed))


def check_wrapper(options, wrapper):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--baseline", default="env")
    parser.add_argument("--only", action="append")
    parser.add_argument("--add", action="append", default=[])
    parser.add_argument("--allow", action="append", default=[])
    parser.add_argument("--deadline", type=float, default=20)
    chosen = parser.parse_args(options)
    allowed = dict(pair.rsplit("=", 1) for pair in chosen.allow)
    different = compare(chosen.baseline.split(), wrapper, chosen.deadline,
                        added=chosen.add, allowed=allowed, wanted=chosen.only)
    return 1 if different else 0


def main():
    words = sys.argv[1:]
    if not words:
        return check_fitrun()
    middle = words.index("--") if "--" in words else len(words)
    wrapper = words[middle + 1:]
    if not wrapper:
        print(__doc__, file=sys.stderr)
        return 2
    return check_wrapper(words[:middle], wrapper)


if __name__ == "__main__":
    sys.exit(main())
