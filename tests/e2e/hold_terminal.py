#!/usr/bin/env python3
"""Job control while jobs are held: the keys of a terminal, and a shell's fg, bg
and end."""
import contextlib
import glob
import os
import pty
import re
import shutil
import signal
import time

from holdlib import (FITRUN, LASTING, Project, children, held,
                     hold_by_signals, kills, state)
from leaselib import MIB, Skip, cgroup, enter, read, run, until


class Shell:
    """An interactive one on a terminal of its own, within the group."""

    def __init__(self, project, group):
        self.project = project
        self.group = group
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            enter(group)()
            os.chdir(project.folder)
            os.environ.update(project.w.env, PS1="", HISTFILE="")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in read(self.group, "cgroup.procs").split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def start(self, command):
        """A job of which one is held; it keeps its pid all the time."""
        self.type(command + "\n")
        until(lambda: any(held(job) for job in children(self.pid)),
              "a job that is held")
        return children(self.pid)[0]

    def has_terminal(self, job):
        return os.tcgetpgrp(self.terminal) == job

    def answer(self, pattern):
        seen = ""
        while not re.search(pattern, seen):
            seen += os.read(self.terminal, 1000).decode(errors="replace")
        return re.search(pattern, seen)[1]


@contextlib.contextmanager
def shell_beside(w, sizes):
    if not shutil.which("bash"):
        raise Skip("no bash here")
    with cgroup(300 * MIB) as group:
        project = Project(w, sizes, recipe=LASTING)
        with Shell(project, group) as shell:
            yield shell


def test_keys_stop_and_bg_and_fg_continue(w):
    # All have room, and are yet held: of their bound they need more. Each time the
    # shell goes on they grow until the keeper has looked.
    sizes = [90] * 3
    with shell_beside(w, sizes) as shell:
        make = shell.start(f"{FITRUN} make -k -j8")
        # A ^Z while make starts one would stop that before its exec, and make would
        # wait for it: vfork(2).
        until(lambda: started(make) == len(sizes), "all to be started")
        for go_on in "bg", "fg":
            until(lambda: shell.has_terminal(make), "the foreground")
            shell.type("\x1a")
            until(lambda: state(make) == "T", "make to stop")
            until(lambda: stopped(make), "its jobs to stop")
            # So it stays, though all would fit now, until the shell goes on.
            limit(shell.group, 2000)
            time.sleep(0.6)
            assert stopped(make)
            limit(shell.group, 300)
            time.sleep(0.6)  # twice what the keeper takes to see it
            shell.type(go_on + "\n")
            until(lambda: state(make) != "T", "make to go on")
            if go_on == "bg":
                until(lambda: held(make) and running(make), "as before")
                shell.type("fg\n")
        shell.project.let_end()
        until(lambda: not shell.has_terminal(make), "the end")
        shell.type("echo it was $?\n")
        assert shell.answer(r"it was (\d+)") == "0"
        assert kills(shell.group) == 0


def limit(group, mib):
    with open(group + "/memory.limit_in_bytes", "w", encoding="ascii") as f:
        f.write(str(mib * MIB))


def started(make):
    return sum(name(job) == "grow" for job in children(make))


def name(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as f:
        return f.read().strip()


def stopped(make):
    return all(state(job) == "T" for job in children(make))


def running(make):
    return [job for job in children(make) if state(job) in "RS"]


def test_what_nohup_started_outlives_its_shell(w):
    """The kernel says SIGHUP to a group with a stopped process in it that nobody
    is left to continue."""
    with shell_beside(w, [100] * 4) as shell:
        make = shell.start(f"nohup {FITRUN} make -k -j8 >log 2>&1 & disown")
        folder = shell.project.folder
        shell.type("exit\n")
        until(lambda: state(shell.pid) == "Z", "the shell's end")
        shell.project.let_end()
        until(lambda: state(make) in ("Z", "gone"), "make's end")
        until(lambda: not read(shell.group, "cgroup.procs"), "the keeper's")
        with open(folder + "/log", encoding="ascii") as f:
            said = f.read()
        assert re.search(r"held \d jobs? for ", said), said
        # All of its jobs have run, and are known now.
        (known,) = glob.glob(folder + "/state/jobs-*")
        with open(known, encoding="ascii") as f:
            assert len(f.readlines()) == 2 + 4


hold_by_signals()
run(globals())
