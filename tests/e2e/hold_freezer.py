#!/usr/bin/env python3
"""Held jobs sleep in a frozen cgroup below that of the command, and neither their
parent nor a shell hears of it. Needs: make, a cgroup of version 2 that is ours to
write, or the right to mount one."""
import contextlib
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time

from holdlib import FITRUN, children, frozen, state
from cgroups import mount_point, own_version_2, private_mounts
from leaselib import enter, gone, read, run, until

# Of a bound of 100 two jobs fit into 0.9 x 250.
HOLD = [FITRUN, "-q", "--hold", "--available", "ram=250MB", "--per-worker",
        "100MB"]
# A job that ends when it is told to.
JOB = "until [ -e go ]; do sleep .05; done"
CLIENT = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD, signal.SIGTERM])
jobs = {os.spawnlp(os.P_NOWAIT, "sh", "sh", "-c", sys.argv[1]) for _ in range(4)}
while jobs:
    print(signal.sigwaitinfo([signal.SIGCHLD]).si_code, flush=True)
    while (pid := os.waitpid(-1, os.WNOHANG)[0] if jobs else 0) > 0:
        jobs.remove(pid)
"""
# However early it is held: the signal is blocked until somebody catches it.
CATCHES = f"""exec {sys.executable} -c '
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: open(f"caught-{{os.getpid()}}", "w"))
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
while not os.path.exists("go"): time.sleep(.05)'"""


def own_group():
    """Where there is none to be seen, one is mounted: for this script alone."""
    if not mount_point("cgroup2", None) and private_mounts():
        subprocess.run(["mount", "-t", "cgroup2", "none",
                        tempfile.mkdtemp(prefix="fitrun-e2e-")], check=False)
    return own_version_2()


@contextlib.contextmanager
def group(name="job"):
    folder = f"{HOME}/fitrun-e2e-{os.getpid()}-{name}"
    os.mkdir(folder)
    try:
        yield folder
    finally:
        for place in [folder, *held_groups(folder)]:
            for pid in read(place, "cgroup.procs").split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        until(lambda: not os.path.isdir(folder) or removed(folder), "its end")


def removed(folder):
    for place in [*held_groups(folder), folder]:
        with contextlib.suppress(OSError):
            os.rmdir(place)
    return not os.path.isdir(folder)


def held_groups(folder):
    return [entry.path for entry in os.scandir(folder)
            if entry.name.startswith("fitrun-held-")]


def members(folder):
    return [int(pid) for place in held_groups(folder)
            for pid in read(place, "cgroup.procs").split()]


def new_folder(w, recipe):
    folder = tempfile.mkdtemp(dir=w.scratch)
    with open(folder + "/Makefile", "w", encoding="ascii") as f:
        f.write(f"all: a b c d\na b c d:\n\t@{recipe}\n")
    # Of a job that is known to be small all would fit.
    w.env["FITRUN_STATE"] = folder
    return folder


def start(w, place, *words, recipe=""):
    folder = new_folder(w, recipe)
    p = w.popen([*HOLD, *words], cwd=folder, preexec_fn=enter(place),
                stderr=subprocess.PIPE)
    p.folder = folder
    return p


def make(w, place, recipe=JOB):
    """A build of which two jobs run, once the two others are held."""
    p = start(w, place, "make", "-k", "-j4", recipe=recipe)
    until(lambda: len(held_jobs(p.pid)) == 2, "two that are held")
    return p


def held_jobs(client):
    return [job for job in children(client) if frozen(job)]


def processes(name, place):
    found = []
    for pid in read(place, "cgroup.procs").split():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if read(f"/proc/{pid}", "comm") == name:
                found.append(int(pid))
    return found


def go(folder):
    with open(folder + "/go", "w", encoding="ascii"):
        pass


def ends(p, place, status=0):
    go(p.folder)
    assert p.communicate(timeout=60) and p.returncode == status, p.returncode
    until(lambda: not held_groups(place), "the group's end")


def test_no_parent_hears_of_it(w):
    with group() as place:
        p = start(w, place, "--want", "4", "--", sys.executable, "-c", CLIENT,
                  JOB)
        until(lambda: len(held_jobs(p.pid)) == 2, "two that are held")
        (frozen_group,) = held_groups(place)
        assert read(frozen_group, "cgroup.freeze") == "1"
        until(lambda: "frozen 1" in read(frozen_group, "cgroup.events"), "rest")
        # D is who waits for its vfork(2) to be over.
        assert all(state(pid) in "SD" for pid in members(place))
        go(p.folder)
        said, _ = p.communicate(timeout=60)
        # CLD_EXITED, and of two ends at once one may be told.
        assert p.returncode == 0 and set(said.split()) == {"1"}, said
        until(lambda: not held_groups(place), "the group's end")


def below(pid):
    return [each for child in children(pid) for each in (child, *below(child))]


def test_all_below_a_job_are_held(w):
    with group() as place:
        p = make(w, place, "sleep 60 & sh -c 'sleep 60; :'; :")
        # However far they have come.
        until(lambda: set(members(place)) == {
            pid for job in held_jobs(p.pid) for pid in (job, *below(job))},
            "all to be there")
        os.killpg(p.pid, signal.SIGTERM)
        p.wait(20)
        until(lambda: not members(place), "their end")


def test_who_is_in_the_group_by_nobodys_order_leaves_it(w):
    with group() as place:
        p = make(w, place)
        (running, _) = set(children(p.pid)) - set(held_jobs(p.pid))
        enter_with = held_groups(place)[0] + "/cgroup.procs"
        with open(enter_with, "w", encoding="ascii") as f:
            f.write(str(running))
        until(lambda: not frozen(running), "it to leave")
        ends(p, place)


def test_one_that_is_killed_leaves_nothing(w):
    with group() as place:
        p = make(w, place)
        os.kill(held_jobs(p.pid)[0], signal.SIGKILL)
        until(lambda: len(held_jobs(p.pid)) == 1, "its end")
        ends(p, place, 2)


def test_a_stop_and_a_start_from_the_terminal(w):
    with group() as place:
        p = make(w, place)
        jobs = held_jobs(p.pid)
        os.killpg(p.pid, signal.SIGSTOP)
        until(lambda: state(p.pid) == "T", "make to stop")
        os.killpg(p.pid, signal.SIGCONT)
        until(lambda: state(p.pid) != "T", "make to go on")
        assert held_jobs(p.pid) == jobs
        assert all(state(job) != "T" for job in children(p.pid))
        ends(p, place)


def test_a_signal_that_a_job_catches_reaches_it(w):
    with group() as place:
        p = start(w, place, "--want", "4", "--", sys.executable, "-c", CLIENT,
                  CATCHES)
        until(lambda: len(held_jobs(p.pid)) == 2, "two that are held")
        os.killpg(p.pid, signal.SIGTERM)
        # The two that run stay, and with them the reason to hold the others.
        until(lambda: sum(name.startswith("caught-")
                          for name in os.listdir(p.folder)) == 4, "all four")
        ends(p, place)


@contextlib.contextmanager
def on_terminal(place, folder, env, *words):
    """(pid, the terminal's other end); a leader of a session."""
    pid, terminal = pty.fork()
    if pid == 0:
        enter(place)()
        os.chdir(folder)
        os.execvpe(words[0], words, env)
    try:
        yield pid, terminal
    finally:
        os.close(terminal)


def test_a_terminal_interrupts_all(w):
    with group() as place:
        folder = new_folder(w, "exec sleep 60")
        with on_terminal(place, folder, w.env, *HOLD, "make", "-k",
                         "-j4") as (pid, terminal):
            until(lambda: len(held_jobs(pid)) == 2, "two that are held")
            os.write(terminal, b"\x03")
            _, status = os.waitpid(pid, 0)
        # Without fitrun, too: see hold_jobs.py.
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 2, status
        until(lambda: not read(place, "cgroup.procs"), "the keeper's end")
        assert not held_groups(place)


def test_a_disowned_build_outlives_its_shell(w):
    with group() as place:
        folder = new_folder(w, JOB + "; touch $@")
        with on_terminal(place, folder, w.env, "bash", "--norc", "--noprofile",
                         "-i") as (shell, terminal):
            command = " ".join([*HOLD, "make", "-j4"])
            os.write(terminal, f"{command} >log 2>&1 & disown\n".encode())
            until(lambda: members(place), "jobs that are held")
            os.write(terminal, b"exit\n")
            os.waitpid(shell, 0)
            assert members(place), "nothing was held then"
        go(folder)
        until(lambda: not read(place, "cgroup.procs"), "the keeper's end")
        assert {"a", "b", "c", "d"} <= set(os.listdir(folder))


def test_the_guard_lets_go_on_what_a_killed_keeper_held(w):
    with group() as place:
        p = make(w, place)
        (keeper,) = processes("fitrun-keeper", place)
        os.kill(keeper, signal.SIGKILL)
        begin = time.monotonic()
        until(lambda: not held_groups(place), "the group's end")
        assert time.monotonic() - begin < 1
        ends(p, place)


def kill_both(place):
    for name in "fitrun-guard", "fitrun-keeper":
        (pid,) = processes(name, place)
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid: gone(pid), name + " to be gone")


def test_the_next_launch_lets_go_on_what_both_have_left(w):
    with group() as place, group("other") as other:
        p = make(w, place)
        kill_both(place)
        assert len(held_jobs(p.pid)) == 2
        # From anywhere.
        said = subprocess.run([FITRUN, "leases"], env=w.env, check=True,
                              text=True, stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE,
                              preexec_fn=enter(other)).stderr
        assert "of a launch whose keeper was killed: continued" in said, said
        assert not held_groups(place)
        ends(p, place)


def test_the_next_that_holds_finds_a_group_that_no_list_names(w):
    w.env["FITRUN_LEASES"] = "off"
    with group() as place:
        left = make(w, place)
        kill_both(place)
        (group_left,) = held_groups(place)
        second = make(w, place)
        assert group_left not in held_groups(place)
        # That of somebody who lives stays.
        third = make(w, place)
        assert len(held_groups(place)) == 2 and len(held_jobs(second.pid)) == 2
        for p in left, second, third:
            go(p.folder)
            assert p.communicate(timeout=60) and p.returncode == 0
        until(lambda: not held_groups(place), "the groups' end")


def test_who_is_in_another_group_stays_there(w):
    with group() as place, group("other") as other:
        p = start(w, place, "--want", "4", "--", "sh", "-c",
                  f"for i in 1 2 3; do sh -c '{JOB}' & done; "
                  "read line; "
                  f"echo $$ >{other}/cgroup.procs; sh -c '{JOB}' & wait")
        until(lambda: len(held_jobs(p.pid)) == 1, "one that is frozen")
        p.stdin.write("\n")
        p.stdin.flush()
        # Or its child, where that was stopped between vfork(2) and execve(2).
        until(lambda: any(state(each) == "T" for each in below(p.pid)),
              "one that is stopped")
        assert not held_groups(other)
        ends(p, place)


HOME, why = own_group()
if not HOME or not os.path.exists("/usr/bin/make"):
    print("SKIPPED:", why or "no make")
    sys.exit(77)
run(globals())
