#!/usr/bin/env python3
"""Jobs of a real make that do not fit are held, and nothing is left stopped,
whoever is killed."""
import json
import os
import pty
import re
import signal
import subprocess
import time

from holdlib import (FITRUN, GROW, LASTING, Project, children, held, hold_by_signals,
                     kills, processes, state, waiting)
from leaselib import MIB, cgroup, enter, read, run, until


def test_what_does_not_fit_is_held(w):
    with cgroup(300 * MIB) as group:
        project = Project(w, [100] * 6)
        p = project.start(group, "-v")
        _, said = p.communicate(timeout=60)
        assert p.returncode == 0 and kills(group) == 0, (p.returncode, said)
        assert "up to 8 jobs, held where they do not fit" in said, said
        why = re.search(r"held grow 100 .* \(needs (\d+) MB, (\d+) MB left\)$",
                        said, re.M)
        assert why and int(why[1]) == 126 > int(why[2]), said
        assert re.search(r"held \d jobs for .*; no kills", said), said
        # And the same without, which shows what it is good for.
        p = project.start(group, "--no-hold", "--per-worker", "1MiB")
        _, said = p.communicate(timeout=60)
        assert p.returncode != 0 and kills(group) > 0, (p.returncode, said)


def test_the_next_build_knows_the_peaks(w):
    with cgroup(300 * MIB) as group:
        # They keep it for longer than the keeper may be late for a look.
        project = Project(w, [40] * 12, bound=120, record=True,
                          recipe="{grow} {size} 0.4 0.6 {number}")
        first = project.start(group).communicate(timeout=60)[1]
        assert "none known yet" in first, first
        begin = time.monotonic()
        second = project.start(group).communicate(timeout=60)[1]
        assert "1 kind known" in second, second
        plan = json.loads(project.plan(group, "json"))
        assert plan["hold"]["known"] == 1, plan
        assert "at birth (1 kind known)" in project.plan(group, "text")
        assert time.monotonic() - begin < 60
        (name,) = [n for n in os.listdir(project.folder + "/state")
                   if n.startswith("jobs-")]
        with open(f"{project.folder}/state/{name}") as f:
            lines = f.read().splitlines()
        assert lines[0] == "fitrun-jobs 1" and len(lines) == 2 + 12, lines
        assert all(40 * MIB <= int(line.split()[2]) < 50 * MIB
                   for line in lines[2:]), lines
        # Who is held is not at work: 6 times 40 are all that fit in 270.
        for record in project.records():
            most = max(jobs for jobs, _ in record["envelope"])
            assert record.get("checkpoint") or 2 <= most <= 6, record
        # Without its peak it is a kind all the same.
        os.unlink(f"{project.folder}/state/{name}")
        assert "(0 of 1 kind known)" in project.plan(group, "text")


def test_whatever_is_wrong_with_the_peaks_the_build_runs(w):
    with cgroup(300 * MIB) as group:
        project = Project(w, [30] * 2, recipe="{grow} {size} .05 .3")
        project.start(group).communicate(timeout=60)
        folder = project.folder + "/state"
        (name,) = [n for n in os.listdir(folder) if n.startswith("jobs-")]
        path = f"{folder}/{name}"
        with open(path, encoding="ascii") as f:
            good = f.read()

        def write(text):
            with open(path, "w", encoding="latin-1") as f:
                f.write(text)

        # What is there, what is said of it, and whether it may be replaced.
        for make, note, stays in (
                (lambda: None, "none known yet", False),
                (lambda: write("\xff\0rubbish"),
                 "left out 1 damaged line\n", False),
                (lambda: write(good + "half of a li"),
                 "left out 1 damaged line\n", False),
                (lambda: write("fitrun-jobs 2\n"), "of a later version", True),
                (lambda: os.mkdir(path), "peaks of jobs are not known", True),
                (lambda: os.mkfifo(path), "peaks of jobs are not known", True),
                (lambda: os.symlink(path, path), "none known yet", True)):
            if os.path.isdir(path):
                os.rmdir(path)
            elif os.path.lexists(path):
                os.unlink(path)
            make()
            p = project.start(group)
            said = p.communicate(timeout=60)[1]
            assert p.returncode == 0 and kills(group) == 0, (note, said)
            assert note in said, (note, said)
            if not stays:
                with open(path, encoding="ascii") as f:
                    assert f.read().splitlines()[0] == good.splitlines()[0]


def test_the_guard_continues_what_a_killed_keeper_held(w):
    with cgroup(300 * MIB) as group:
        p, _ = waiting(w, group)
        (keeper,) = processes("fitrun-keeper", group)
        stopped = held(p.pid)
        os.kill(keeper, signal.SIGKILL)
        until(lambda: all(state(pid) != "T" for pid in stopped), "all go on",
              seconds=10)
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()


def test_who_is_held_is_told(w):
    with cgroup(300 * MIB) as group:
        p, _ = waiting(w, group)
        until(lambda: len(held(p.pid)) == 2, "two jobs beside two others")
        table = fitrun(w, group, "leases").stdout
        assert f"2 jobs of make (pid {p.pid}) held" in table, table
        for pid in held(p.pid):
            assert re.search(rf"^ +{pid}  {GROW} 100 ", table, re.M), table
        (lease,) = json.loads(fitrun(w, group, "leases", "--format",
                                     "json").stdout)["leases"]
        assert {job["pid"] for job in lease["held"]} == set(held(p.pid)), lease
        (keeper,) = processes("fitrun-keeper", group)
        os.kill(keeper, signal.SIGUSR1)
        until(lambda: "2 jobs held; " in p.stderr.readline(), "an answer")
        said = [p.stderr.readline() for _ in range(2)]
        for line in said:
            why = re.search(r"held grow 100 0\.4 go \d \(needs (\d+) MB, (\d+) MB "
                            r"left\), for \d+\.\d s", line)
            assert why and int(why[1]) > int(why[2]), said
        # What is in use now, of which half is no more.
        until(lambda: in_use(keeper, p, "2 jobs") > 200, "two to have grown")
        for job in [*held(p.pid), children(p.pid)[0]]:
            os.kill(job, signal.SIGKILL)
        until(lambda: len(children(p.pid)) == 1, "one that is left")
        until(lambda: in_use(keeper, p, "0 jobs") < 150, "what it has")
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()


def in_use(keeper, p, held_now):
    """MB, by its answer."""
    os.kill(keeper, signal.SIGUSR1)
    for line in p.stderr:
        if answer := re.search(rf" {held_now} held; (\d+) MB of \d+ MB in use$",
                               line):
            return int(answer[1])
    raise AssertionError("no answer")


def fitrun(w, group, *words):
    return subprocess.run([FITRUN, *words], env=w.env, check=True, text=True,
                          preexec_fn=enter(group), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def without_keeper_and_guard(w, group):
    p, _ = waiting(w, group)
    for name in "fitrun-guard", "fitrun-keeper":
        (pid,) = processes(name, group)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not processes(name, group), name + " to be gone")
    assert held(p.pid)
    return p


def test_the_next_launch_continues_what_both_have_left(w):
    for words in (["--per-worker", "1MiB", "--", "true", "<threads>"],
                  ["leases"]):
        with cgroup(300 * MIB) as group:
            p = without_keeper_and_guard(w, group)
            said = fitrun(w, group, *words).stderr
            assert "of a launch whose keeper was killed: continued" in said, said
            assert not held(p.pid)
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()


def test_a_killed_make_takes_held_jobs_along(w):
    with cgroup(300 * MIB) as group:
        p, project = waiting(w, group)
        os.kill(p.pid, signal.SIGKILL)
        p.wait()
        project.let_end()  # for those that are not held
        until(lambda: not read(group, "cgroup.procs"), "everything to end")


def test_a_signal_to_the_group_ends_held_jobs_too(w):
    with cgroup(300 * MIB) as group:
        p, _ = waiting(w, group)
        os.killpg(p.pid, signal.SIGTERM)
        assert p.wait(timeout=60) in (2, -signal.SIGTERM), p.returncode
        until(lambda: not read(group, "cgroup.procs"), "everything to end")


def test_a_stop_and_a_start_from_the_terminal(w):
    """^Z and fg, as a shell does them: SIGTSTP and SIGCONT to the group."""
    with cgroup(300 * MIB) as group:
        p, project = waiting(w, group)
        os.killpg(p.pid, signal.SIGSTOP)
        until(lambda: state(p.pid) == "T", "make to stop")
        os.killpg(p.pid, signal.SIGCONT)
        project.let_end()
        _, said = p.communicate(timeout=60)
        assert p.returncode == 0 and kills(group) == 0, (p.returncode, said)


def test_a_daemon_is_left_alone(w):
    with cgroup(300 * MIB) as group:
        project = Project(
            w, [100] * 4,
            recipe="setsid -f sleep 1000 > /dev/null 2>&1 < /dev/null; "
                   "{grow} {size}")
        p = project.start(group)
        assert p.communicate(timeout=60) and p.returncode == 0
        until(lambda: len(processes("sleep", group)) == 4, "the last daemon")
        daemons = processes("sleep", group)
        until(lambda: all(state(d) == "S" for d in daemons), "their sleep")
        for daemon in daemons:
            os.kill(daemon, signal.SIGKILL)


def test_who_waits_for_a_held_jobs_lock_gets_it(w):
    """The job that is held has taken the lock before it was seen."""
    with cgroup(300 * MIB) as group:
        project = Project(
            w, [100] * 3,
            recipe="flock lock {grow} {size}")
        p = project.start(group)
        _, said = p.communicate(timeout=60)
        assert p.returncode == 0 and kills(group) == 0, (p.returncode, said)


def test_a_terminal_interrupts_held_jobs(w):
    with cgroup(300 * MIB) as group:
        project = Project(w, [100] * 4, recipe=LASTING)
        pid, terminal = pty.fork()
        if pid == 0:
            enter(group)()
            os.chdir(project.folder)
            os.environ.update(w.env)
            os.execv(FITRUN, [FITRUN, "make", "-k", "-j8"])
        until(lambda: held(pid), "a job that is held")
        os.write(terminal, b"\x03")
        _, status = os.waitpid(pid, 0)
        # make's own end by ^C; or 2, where a job has ended first: then make 4.3
        # gets the signal between wait() and taking the job off its list, and
        # waits for it again in the handler (33 of 150 without fitrun, too).
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 2, status
        until(lambda: not read(group, "cgroup.procs"), "everything to end")
        os.close(terminal)


def of_a_false_bound(w):
    """They are said to take a third of what they do: all four start, and keep
    what they have while one grows."""
    return Project(w, [150] * 4, bound=50)


def test_what_was_killed_is_known_to_be_larger(w):
    with cgroup(300 * MIB) as group:
        project = of_a_false_bound(w)
        p = project.start(group)
        said = p.communicate(timeout=60)[1]
        killed = kills(group)
        assert p.returncode == 2 and killed > 0, (p.returncode, said)
        assert f"; the kernel killed {killed}\n" in said, said
        p = project.start(group)
        said = p.communicate(timeout=60)[1]
        assert p.returncode == 0 and kills(group) == killed, said


def test_a_killed_build_runs_again_with_what_it_taught(w):
    with cgroup(300 * MIB) as group:
        project = of_a_false_bound(w)
        p = project.start(group, "--retry-on-oom", "2")
        said = p.communicate(timeout=60)[1]
        assert p.returncode == 0, (p.returncode, said)
        assert re.search(r"killed for lack of memory with up to 8 jobs .*: "
                         "again with the peaks just learned", said), said
        assert re.search(r"held \d jobs for .*; no kills", said), said
        runs = project.records()
        assert all(run["held"] and run["workers"] == 8 for run in runs), runs
        assert runs[-1]["oom_kills"] == 0 and runs[0]["oom_kills"] > 0, runs
        # Of a run that held nobody makes a cap.
        plan = project.plan(group, "json", "--no-hold", "--per-worker", "1MiB")
        assert json.loads(plan)["threads"] == 8, plan


def test_a_launch_within_a_held_one_holds_nothing_itself(w):
    with cgroup(300 * MIB) as group:
        project = Project(w, [1, 1], recipe=f"{FITRUN} make -f inner -j5 "
                          "2>said{number}; cat said{number}")
        with open(project.folder + "/inner", "w") as f:
            f.write(f"all: a b c d\na b c d:\n\t@{GROW} 100\n")
        p = project.start(group)
        out, said = p.communicate(timeout=60)
        assert p.returncode == 0 and kills(group) == 0, (p.returncode, said)
        assert "up to 5 jobs, held by the launch around this one" in out, out
        assert "held" in said.splitlines()[-1], said


def test_a_jobserver_of_others_is_handed_on_as_it_is(w):
    with cgroup(300 * MIB) as group:
        project = Project(w, [1], recipe=(
            "+@echo \"-k $$MAKEFLAGS\" >given; "
            f"PATH=$$PWD:$$PATH {FITRUN} --hold --want 3 make -k"))
        with open(project.folder + "/config/fitrun/make.toml", "a",
                  encoding="ascii") as f:
            f.write('variables = ["MAKEFLAGS"]\n[inject.env]\nMAKEFLAGS = "-j<threads>"\n')
        with open(project.folder + "/make", "w", encoding="ascii") as f:
            f.write("#!/bin/sh\necho \"$* $MAKEFLAGS\" >arrived\n")
        os.chmod(project.folder + "/make", 0o755)
        p = w.popen(["make", "-k", "-j3", "V=a b"], cwd=project.folder,
                    preexec_fn=enter(group), stderr=subprocess.PIPE)
        said = p.communicate(timeout=60)[1]
        assert p.returncode == 0 and "up to 3 jobs, held" in said, said
        texts = []
        for name in "given", "arrived":
            with open(f"{project.folder}/{name}", encoding="ascii") as f:
                texts.append(f.read())
        assert texts[0] == texts[1] and "--jobserver" in texts[0], texts


def test_plan_says_what_would_be_held(w):
    with cgroup(300 * MIB) as group:
        project = Project(w, [1])
        plan = project.plan(group, "json")
        plan = json.loads(plan)
        assert plan["threads"] == 1, plan
        assert plan["hold"]["active"] and plan["hold"]["width"] == 8, plan
        assert 250 * MIB < plan["hold"]["cap"] < 300 * MIB * 0.91, plan
        count = project.plan(group, "threads")
        assert count == "1\n", count


if not os.path.exists("/usr/bin/make"):
    print("SKIPPED: no make")
    raise SystemExit(77)
hold_by_signals()
run(globals())
