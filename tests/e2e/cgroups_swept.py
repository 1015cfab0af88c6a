#!/usr/bin/env python3
"""Cgroups of a measurement that was killed go with the next one.

Those of a living one stay, and those that still have processes. Needs: python3
(standard library only), a writable memory cgroup.
"""

import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
sys.dont_write_bytecode = True

from cgroups import find_home  # noqa: E402

FITRUN = os.path.abspath(os.environ["FITRUN"])
STAGE = 'want = 1\n[ram]\nper_worker = "1MB"\n'


def check(condition, what, *shown):
    if not condition:
        raise AssertionError(what + ": " + " ".join(map(str, shown)))


def left(place):
    return {name for name in os.listdir(place) if name.startswith("fitrun-")}


def start(cgroup, words, script):
    """A fitrun in the cgroup, once its command has said that it runs."""
    def enter():
        with open(f"{cgroup}/cgroup.procs", "w", encoding="ascii") as file:
            file.write("0\n")

    child = subprocess.Popen(words + ["--", "sh", "-c", script, "sh"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, preexec_fn=enter)
    check(child.stdout.readline() == b"runs\n", "it did not start", words)
    return child


def finish(child):
    child.stdin.close()
    check(child.wait(60) == 0, "it did not end well", child.args)


def killed(cgroup, place, words):
    """What a killed one leaves, its command gone as well."""
    # Behind a pipe of its own, because its parent's end is SIGTERM to it.
    child = start(cgroup, words, "echo runs; exec cat >/dev/null")
    made = left(place)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    while child.stdout.read(1):
        pass
    return made


def sweeps(cgroup, place, words):
    living = start(cgroup, words, "echo runs; exec cat >/dev/null")
    theirs = left(place)
    check(len(theirs) == 1, "no group of its own", theirs)
    stray = killed(cgroup, place, words) - theirs
    check(len(stray) == 1, "no group of the killed one", stray)
    # One with a process, whose maker is gone, and one that is not of ours.
    busy = f"{place}/fitrun-1-7"
    other = f"{place}/fitrun-1-7-x"
    for folder in (busy, other):
        os.mkdir(folder)
    sleeper = subprocess.Popen(["sleep", "600"])
    with open(f"{busy}/cgroup.procs", "w", encoding="ascii") as file:
        file.write(f"{sleeper.pid}\n")
    finish(start(cgroup, words, "echo runs; exec cat >/dev/null"))
    now = left(place)
    expected = theirs | {os.path.basename(busy), os.path.basename(other)}
    check(now == expected, "left are", now, "not", expected)
    finish(living)
    sleeper.kill()
    sleeper.wait()
    finish(start(cgroup, words, "echo runs; exec cat >/dev/null"))
    check(left(place) == {os.path.basename(other)}, "at last", left(place))
    os.rmdir(other)


def main():
    cgroups = find_home()
    if isinstance(cgroups, str):
        print(f"SKIPPED: no memory cgroup can be made: {cgroups}")
        return 77
    for name in [name for name in os.environ if name.startswith("FITRUN_")]:
        del os.environ[name]
    try:
        # In version 2 runs are counted beside the cgroup that starts them.
        cgroups.hand_down(cgroups.home)
        cgroup = cgroups.make(cgroups.home, "job")
        place = cgroups.home if cgroups.version == 2 else cgroup
        with tempfile.TemporaryDirectory() as folder:
            os.environ.update(XDG_STATE_HOME=f"{folder}/state",
                              FITRUN_LEASES="off")
            stage = f"{folder}/s.toml"
            with open(stage, "w", encoding="ascii") as file:
                file.write(STAGE)
            sweeps(cgroup, place,
                   [FITRUN, "-q", "--retry-on-oom", "1", stage])
    except AssertionError as error:
        print(f"FAIL {error}")
        return 1
    finally:
        cgroups.remove(cgroups.home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
