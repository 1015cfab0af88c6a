#!/usr/bin/env python3
"""A ninja that takes part in a jobserver that is a FIFO gets one, and shares its number
with what it starts; no build fails by it, whoever is killed. The ninja is a stand-in
that takes and gives tokens as 1.13.2 does (src/jobserver-posix.cc there).

BUILDS=N tries N builds in place of one for each of keeper, guard and both.
"""
import json
import os
import random
import re
import signal
import tempfile
import time

from leaselib import run, until

FITRUN = os.environ["FITRUN"]
BUILDS = int(os.environ.get("BUILDS", "1"))
NINJA = """#!/bin/sh
test "$*" != --version || exec sh -c "$SAYS"
exec python3 ${0%/*}/client.py "$@"
"""
CLIENT = r'''
import os, re, sys, time
JOB = ["sh", "-c", "echo + >> log; sleep .1; echo - >> log"]
flags = os.environ.get("MAKEFLAGS", "")
fifo = re.search("--jobserver-auth=fifo:(/proc/\S+)", flags)
print(f"[{' '.join(sys.argv[1:])}] [{flags}]", flush=True)
if not fifo:
    sys.exit()
takes = os.open(fifo[1], os.O_RDONLY | os.O_NONBLOCK)
gives = os.open(fifo[1], os.O_WRONLY | os.O_NONBLOCK)
sub = "sub" in sys.argv
todo = [JOB] * 8 if sub else [[sys.executable, __file__, "sub"]] * 2 + [JOB] * 12
spare, running, failed, most = [b"own"], {}, False, 0


def token():
    if spare:
        return spare.pop()
    try:
        return os.read(takes, 1)
    except BlockingIOError:
        return None


while sub and len(spare) < 2:  # it is to share, however busy the machine is
    try:
        spare.append(os.read(takes, 1))
    except BlockingIOError:
        time.sleep(.01)
while todo or running:
    while todo and (mine := token()):
        job = todo.pop()
        running[os.spawnvp(os.P_NOWAIT, job[0], job)] = mine
        most = max(most, len(running))
    pid, status = os.wait()
    mine = running.pop(pid)
    failed |= status != 0
    if mine == b"own":
        spare.append(mine)
    else:
        os.write(gives, mine)
if not sub:
    print("at most", most, "and back", len(os.read(takes, 4096)))
sys.exit(failed)
'''


class Project:
    """A stand-in of each of these, first in PATH."""

    def __init__(self, w, ninja="echo 1.13.2", make="echo GNU Make 4.4.1"):
        self.folder = tempfile.mkdtemp(dir=w.scratch)
        self.w = w
        make = "#!/bin/sh\n" + make
        for name, text in (("ninja", NINJA), ("client.py", CLIENT),
                           ("make", make), ("gmake", make)):
            with open(f"{self.folder}/{name}", "w") as f:
                f.write(text)
            os.chmod(f.name, 0o755)
        w.env.update(PATH=self.folder + ":" + os.environ["PATH"], SAYS=ninja,
                     FITRUN_STATE=self.folder + "/state",
                     XDG_CONFIG_HOME=self.folder + "/config")
        for name in ("FITRUN_HOLD", "FITRUN_JOBSERVER", "MAKEFLAGS",
                     "CARGO_MAKEFLAGS"):
            w.env.pop(name, None)

    def start(self, *words, env=None):
        return self.w.popen(
            [FITRUN, "--hold", "--per-worker", "1GB", "--jobserver", *words],
            cwd=self.folder, env=self.w.env | (env or {}), stderr=-1)

    def build(self, *words, **options):
        """(status, what it said, its words, its MAKEFLAGS)."""
        p = self.start(*words, **options)
        out, err = p.communicate(timeout=60)
        return p.returncode, err, *re.search(r"\[(.*)\] \[(.*)\]", out).groups()

    def log(self):
        with open(self.folder + "/log") as f:
            return f.read().split()

    def at_once(self):
        now = 0
        return max(now := now + (1 if word == "+" else -1)
                   for word in self.log())

    def helper(self, name):
        """The pid of this build's keeper or guard."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/comm") as f:
                    if f.read().strip() != name:
                        continue
                with open(f"/proc/{pid}/environ") as f:
                    if self.folder + "/state" in f.read():
                        return int(pid)
            except (FileNotFoundError, ProcessLookupError):
                pass
        return None


def test_ninja_shares_its_number_with_what_it_starts(w):
    project = Project(w)
    p = project.start("ninja", "-k", "0", "-j6", env={"MAKEFLAGS": "k -- A=b"})
    out, err = p.communicate(timeout=60)
    assert p.returncode == 0, err
    assert out.startswith("[-k 0] [k -j6 --jobserver-auth=fifo:"), out
    fifo = re.search(r"fifo:(/proc/(\d+)/fd/\d\d+) -- A=b\]", out)
    assert fifo and int(fifo[2]) == p.pid, out
    assert "at most 6 and back 5\n" in out and not os.path.exists(fifo[1]), out
    assert len(project.log()) == 56 and project.at_once() <= 6, project.log()


def test_no_build_fails_whoever_is_killed(w):
    dice = random.Random(14)
    for whom in (["fitrun-keeper"], ["fitrun-guard"],
                 ["fitrun-guard", "fitrun-keeper"]):
        for _ in range(BUILDS):
            project = Project(w)
            # Ninja's own job needs no token, and each of the two that are to
            # share has one: there must be a third.
            p = project.start("ninja", f"-j{dice.randint(4, 9)}")
            for name in whom:
                until(lambda: project.helper(name), name)
            until(lambda: os.path.exists(project.folder + "/log"), "a job")
            time.sleep(dice.uniform(0, .2))
            for name in whom:
                if pid := project.helper(name):
                    os.kill(pid, signal.SIGKILL)
            out, err = p.communicate(timeout=60)
            assert p.returncode == 0 and len(project.log()) == 56, (whom, err)


def test_who_cannot_take_part_gets_a_number(w):
    for ninja, make, why in (
            ("echo 1.12.1", "", 'ninja --version says "1.12.1", and a FIFO needs 1.13'),
            ("echo x", "", 'ninja --version says "x", and a FIFO needs 1.13'),
            ("sleep 60", "", "ninja: no answer in 5 s"),
            ("kill $$", "", "ninja: killed by signal 15 (Terminated)"),
            ("echo 1.13.0.git.kitware", "echo GNU Make 4.3",
             'make --version says "GNU Make 4.3", and a FIFO needs 4.4')):
        project = Project(w, ninja, make)
        status, err, words, flags = project.build("ninja", "-j6")
        assert (status, words, flags) == (0, "-j6", ""), (why, words, flags)
        assert err.count("no jobserver: " + why + "\n") == 1, err
    p = project.start("plan", "--format", "json", "ninja", "-j6")
    out, err = p.communicate(timeout=60)
    assert json.loads(out)["hold"]["jobserver"] is False and why in err, err


def test_nobody_is_asked_where_there_is_none(w):
    project = Project(w, ninja="touch asked")
    for words in (["--no-jobserver", "ninja", "-j6"], ["nice", "ninja", "-j6"],
                  ["--no-hold", "ninja", "-j6"],
                  ["--want", "6", "ninja", "-j<threads>"],
                  ["--retry-on-oom", "1", "ninja", "-j6"]):
        status, err, got, flags = project.build(*words)
        assert (status, got, flags) == (0, "-j6", ""), (words, got, flags)
    # One that is there already; ninja takes part in no pipes.
    for name, value, got in (
            ("MAKEFLAGS", " -j4 --jobserver-auth=fifo:/nowhere", ""),
            ("MAKEFLAGS", " -j4 --jobserver-auth=3,4", "-j4"),
            ("CARGO_MAKEFLAGS", "-j --jobserver-auth=3,4", "-j4")):
        status, err, words, flags = project.build(
            "--want", "4", "ninja", env={name: value})
        assert (status, words) == (0, got), (value, words)
        assert flags.strip() == value.strip(), flags
    assert not os.path.exists(project.folder + "/asked")


run(globals())
