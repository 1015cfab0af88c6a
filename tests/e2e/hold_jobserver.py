#!/usr/bin/env python3
"""fitrun hands out the jobs of a real make a few at a time where that is wanted, and
no build fails by it, whoever is killed.

BUILDS=N tries N builds in place of a few for each of keeper, guard and both.
"""
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

from leaselib import MIB, cgroup, enter, gone, run, until

FITRUN = os.environ["FITRUN"]
GROW = os.environ["HELPERS"] + "/grow"
BUILDS = int(os.environ.get("BUILDS", "3"))
AUTH = r"--jobserver-auth=(\d\d+),(\d\d+)"
# What it is that ran, and how many of it at most at once: of short appended
# lines none is lost.
JOB = "@echo + >> log; sleep {seconds}; echo - >> log"


class Project:
    def __init__(self, w, makefile):
        self.w = w
        self.folder = tempfile.mkdtemp(dir=w.scratch)
        with open(self.folder + "/Makefile", "w") as f:
            f.write(makefile)
        w.env.update(FITRUN_STATE=self.folder + "/state",
                     XDG_CONFIG_HOME=self.folder + "/config")
        for name in ("FITRUN_HOLD", "FITRUN_JOBSERVER", "MAKEFLAGS", "MAKELEVEL",
                     "CARGO_MAKEFLAGS"):
            w.env.pop(name, None)

    def start(self, *words, env=None, **options):
        return self.w.popen(
            [FITRUN, "--hold", "--per-worker", "1GB", "--jobserver", *words],
            cwd=self.folder, env=self.w.env | (env or {}),
            stderr=subprocess.PIPE, **options)

    def build(self, *words, **options):
        """(status, what it said)."""
        p = self.start(*words, **options)
        out, err = p.communicate(timeout=60)
        return p.returncode, out + err

    def log(self):
        with open(self.folder + "/log") as f:
            return f.read().split()

    def at_once(self):
        most = now = 0
        for word in self.log():
            now += 1 if word == "+" else -1
            most = max(most, now)
        return most


def jobs(count, seconds=.05, recipe=JOB):
    names = " ".join(f"j{i}" for i in range(count))
    return f"all: {names}\n{names}:\n\t{recipe.format(seconds=seconds)}\n"


def servers(make):
    """{name: pid} of those who hold the other ends of its jobserver."""
    def pipes(pid):
        found = {}
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass
        return {fd: name for fd, name in found.items() if name[:5] == "pipe:"}

    with open(f"/proc/{make}/environ") as f:
        auth = re.search(AUTH, f.read())
    if not auth:
        return {}
    ours = pipes(make).get(int(auth[2]))
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as f:
                name = f.read().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if name.startswith("fitrun-") and ours in pipes(pid).values():
            found[name] = int(pid)
    return found


def served(p):
    until(lambda: len(servers(p.pid)) == 2, "keeper and guard")
    return servers(p.pid)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def test_there_are_never_more_jobs_than_wanted(w):
    project = Project(w, jobs(40, .1))
    status, said = project.build("make", "-j8")
    assert status == 0 and len(project.log()) == 80, said
    assert 6 <= project.at_once() <= 8, project.at_once()


def test_sub_makes_share_them(w):
    subs = "\n".join(f"s{i}:\n\t@$(MAKE) -f inner s={i}" for i in range(4))
    project = Project(w, f"all: s0 s1 s2 s3\n{subs}\n")
    with open(project.folder + "/inner", "w") as f:
        f.write(jobs(10))
    status, said = project.build("make", "-j6")
    assert status == 0 and len(project.log()) == 80, said
    assert "jobserver" not in said, said
    assert 4 <= project.at_once() <= 6, project.at_once()


def test_a_failure_is_makes_own(w):
    project = Project(w, jobs(20, recipe=JOB + "; test $@ != j3"))
    status, said = project.build("make", "-kj5")
    assert status == 2 and "[Makefile:3: j3] Error 1" in said, said
    assert len(project.log()) == 40, said


def test_one_job_asks_nobody(w):
    project = Project(w, jobs(3, recipe="@echo flags [$(MAKEFLAGS)]"))
    status, said = project.build("make", "-j1")
    assert status == 0 and "auth" not in said, said


def test_a_count_in_a_recipe_is_obeyed_there(w):
    """As with make -j8 itself, which warns, too."""
    project = Project(w, "all: x y\nx y:\n\t@$(MAKE) -f inner -j3\n")
    with open(project.folder + "/inner", "w") as f:
        f.write(jobs(12))
    status, said = project.build("make", "-j8")
    assert status == 0 and len(project.log()) == 48, said
    assert "-j3 forced in" in said and "resetting jobserver mode" in said, said
    assert 3 <= project.at_once() <= 6, project.at_once()


def flags_of(project, *words, env=None):
    """What a tool that is called make is started with."""
    tool = project.folder + "/make"
    with open(tool, "w") as f:
        f.write('#!/bin/sh\necho "[$*] [$MAKEFLAGS]"\n')
    os.chmod(tool, 0o755)
    status, said = project.build(*words, env={
        "PATH": project.folder + ":" + os.environ["PATH"]} | (env or {}))
    assert status == 0, said
    return re.search(r"\[(.*)\] \[(.*)\]\n", said).groups()


def test_what_makeflags_says_is_kept(w):
    project = Project(w, "")
    words, flags = flags_of(project, "make", "-kj8", "X=1", "-j", "7")
    assert words == "-k X=1" and re.fullmatch(" -j7 " + AUTH, flags), flags
    words, flags = flags_of(project, "make", "-j8",
                            env={"MAKEFLAGS": "kn --no-print-directory -- A=b"})
    assert re.fullmatch("kn --no-print-directory -j8 " + AUTH + " -- A=b",
                        flags), flags
    for words in (["--no-jobserver", "make", "-j8"], ["nice", "make", "-j8"],
                  ["make", "-j<threads>"], ["--as-is", "make", "-j8"],
                  ["--no-hold", "make", "-j8"],
                  ["--retry-on-oom", "1", "make", "-j8"]):
        assert "auth" not in flags_of(project, *words)[1], words
    plan = project.build("plan", "make", "-j8")[1]
    assert "a jobserver starts them" in plan, plan
    assert flags_of(project, "make", "-j4",
                    env={"FITRUN_JOBSERVER": "off"})[0] == ""
    status, said = project.build("make", env={"FITRUN_JOBSERVER": "x"})
    assert status == 125 and "FITRUN_JOBSERVER: expected on or off" in said, said


def test_the_jobserver_of_another_make_is_left_alone(w):
    project = Project(w, "")
    for flags in ("s -j4 --jobserver-auth=3,4 -- A=b", "-j4 --jobserver-fds=3,4",
                  " -j4 --jobserver-auth=fifo:/nowhere"):
        assert flags_of(project, "make", env={"MAKEFLAGS": flags}) == (
            "", flags)
    cargos = "-j --jobserver-fds=8,9 --jobserver-auth=8,9"
    assert flags_of(project, "make", env={"CARGO_MAKEFLAGS": cargos}) == (
        "", " " + cargos)
    with open(project.folder + "/Makefile", "w") as f:
        f.write(f"all:\n\t+@{FITRUN} --hold --per-worker 1GB --jobserver make "
                "-f inner\n")
    with open(project.folder + "/inner", "w") as f:
        f.write(jobs(12))
    os.remove(project.folder + "/make")
    p = subprocess.run(["make", "-j3"], env=w.env, cwd=project.folder,
                       text=True, capture_output=True)
    assert p.returncode == 0 and "jobserver" not in p.stderr, p.stderr
    assert 2 <= project.at_once() <= 3, project.at_once()


def test_no_build_fails_whoever_is_killed(w):
    dice = random.Random(14)
    for whom in (["fitrun-keeper"], ["fitrun-guard"],
                 ["fitrun-guard", "fitrun-keeper"]):
        for _ in range(BUILDS):
            # Those two share tokens with sub-makes.
            project = Project(w, jobs(10, .03) + "all: s t\ns t:\n"
                              "\t@$(MAKE) -f inner s=$@\n")
            with open(project.folder + "/inner", "w") as f:
                f.write(jobs(10, .03))
            p = project.start("make", f"-j{dice.randint(2, 9)}")
            known = served(p)
            time.sleep(dice.uniform(0, .25))
            for name in whom:
                kill(known[name])
            out, said = p.communicate(timeout=60)
            assert p.returncode == 0 and len(project.log()) == 60, (whom, out,
                                                                    said)
            assert "jobserver" not in said, said
            shutil.rmtree(project.folder)


def test_all_go_on_at_once_without_the_keeper(w):
    for whom in "fitrun-keeper", "fitrun-guard":
        project = Project(w, jobs(40, .1))
        p = project.start("make", "-j8")
        kill(served(p)[whom])
        assert p.communicate(timeout=60) and p.returncode == 0
        assert 6 <= project.at_once() <= 8, (whom, project.at_once())


def test_killed_sub_makes_leave_the_others_at_work(w):
    project = Project(w, "all: k s\nk:\n\t@$(MAKE) -f inner s=k\ns:\n"
                      "\t@sleep .3; $(MAKE) -f inner s=s\n")
    with open(project.folder + "/inner", "w") as f:
        f.write(jobs(12, .1).replace(
            "@echo", "@test $(s) = s || kill -9 $$PPID; echo", 1))
    status, said = project.build("make", "-kj4")
    assert status == 2 and "Killed" in said, said
    assert project.log().count("+") >= 12, said


def test_a_stop_and_a_start(w):
    """^Z and fg, as a shell does them: to the whole group."""
    project = Project(w, jobs(24, .1))
    p = project.start("make", "-j4")
    until(lambda: os.path.exists(project.folder + "/log"), "a job")
    os.killpg(p.pid, signal.SIGSTOP)
    time.sleep(.2)
    os.killpg(p.pid, signal.SIGCONT)
    assert p.communicate(timeout=60) and p.returncode == 0
    assert len(project.log()) == 48 and 3 <= project.at_once() <= 4


def test_a_terminal_interrupts_the_build(w):
    project = Project(w, jobs(24, .2))
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project.folder)
        os.environ.update(w.env)
        os.execv(FITRUN, [FITRUN, "--hold", "--per-worker", "1GB",
                          "--jobserver", "make", "-j4"])
    until(lambda: os.path.exists(project.folder + "/log"), "a job")
    both = servers(pid)
    assert len(both) == 2, both
    os.write(terminal, b"\x03")
    _, status = os.waitpid(pid, 0)
    # As without fitrun, see hold_jobs.py.
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 2, status
    assert len(project.log()) < 24, project.log()
    until(lambda: all(gone(server) for server in both.values()), "all to end")
    os.close(terminal)


def test_only_a_few_are_held_at_once(w):
    most, builds = {}, {}
    with cgroup(300 * MIB) as one, cgroup(300 * MIB) as other:
        for option, group in ("--jobserver", one), ("--no-jobserver", other):
            project = Project(w, jobs(14, recipe=f"@{GROW} 100 .3 .1"))
            builds[option] = w.popen(
                [FITRUN, "--per-worker", "120MiB", option, "make", "-j14"],
                cwd=project.folder, stderr=subprocess.PIPE,
                preexec_fn=enter(group),
                env=w.env | {"FITRUN_LEASES": "off"})
        for option, build in builds.items():
            said = build.communicate(timeout=60)[1]
            assert build.returncode == 0, said
            most[option] = int(re.search(r"at most (\d+) at once", said)[1])
    # Beside the six there is one that needs no token, and those that were let
    # run and outgrew what was expected of them.
    assert most["--jobserver"] <= 8 < most["--no-jobserver"], most


if not shutil.which("make"):
    print("SKIPPED: no make")
    raise SystemExit(77)
run(globals())
