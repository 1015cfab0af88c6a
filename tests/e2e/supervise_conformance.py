#!/usr/bin/env python3
"""Staying as the parent changes nothing that a caller or command relies on.

Every column of the conformance harness, but for those that follow from being
two processes. Needs: python3 (standard library only).
"""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
sys.dont_write_bytecode = True

from conformance import compare  # noqa: E402

ALLOWED = {
    # Two processes.
    "process: same pid": "False",
    "process: parent is the caller": "False",
    "terminal place: execs": "False",
    # Whoever kills us would leave the command behind without this.
    "plain caller: parent death signal": "15",
    "unusual caller: parent death signal": "15",
    "killed wrapper: command": "is told to end",
    # The stop is mirrored with SIGSTOP, not SIGTSTP, which orphaned groups do
    # not get.
    "stopped: caller sees": "stopped 19",
    "suspend key: shell sees": "stopped 19",
    # Sent to the group, it reaches the command directly and by us; as it is
    # not queued, often once.
    "group signal: SIGTERM arrives": "doubled",
}

# What a wrapper may say on stderr before the command writes there.
STDERR = ("standard output: errors before the command",
          "standard output: errors after it")


def check_fitrun(fitrun):
    """The program itself, as a parent that would try again."""
    with tempfile.TemporaryDirectory(prefix="stages") as folder:
        os.chmod(folder, 0o755)
        os.environ.update(XDG_STATE_HOME=os.path.join(folder, "state"),
                          FITRUN_LEASES=os.path.join(folder, "leases"))
        os.mkdir(os.environ["FITRUN_LEASES"], 0o700)
        wrapper = [fitrun, "-q", "--per-worker", "1MB", "--retry-on-oom", "1",
                   "--"]
        print("==", *wrapper)
        return bool(compare(["env"], wrapper, 30, allowed=ALLOWED,
                            added=("FITRUN_LEASE", "FITRUN_THREADS"),
                            # Nothing says where the count goes: a warning.
                            # And the run is counted in a group of its own.
                            ignored=(*STDERR, "process: cgroup")))


def main():
    supervised = os.path.join(os.environ.get("HELPERS", "."), "supervised")
    failed = False
    for options in ([], ["--tick"], ["--tick", "--adopt"]):
        wrapper = [supervised, *options]
        print("==", *wrapper)
        failed |= bool(compare(["env"], wrapper, 30, allowed=ALLOWED))
    fitrun = os.environ.get("FITRUN")
    if fitrun:
        failed |= check_fitrun(fitrun)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
