#!/usr/bin/env python3
"""What held jobs may have follows what others take, before and while a build
runs; and none of them waits for ever."""
import os
import signal
import time

from holdlib import (GROW, LASTING, Project, children, held, is_held, kills,
                     processes, state)
from leaselib import MIB, cgroup, enter, run, until


def at_work(pid):
    return [child for child in children(pid) if state(child) in "RS"
            and not is_held(child)]


def test_others_take_memory_while_a_build_runs(w):
    with cgroup(600 * MIB) as group:
        # By their bound four have room, and beside the other two; by what they
        # take the kernel has never to kill.
        project = Project(w, [60] * 5, recipe=LASTING)
        p = project.start(group, width=5)
        until(lambda: len(at_work(p.pid)) >= 3, "jobs beside each other")
        other = w.popen([GROW, 280, .2, 120], preexec_fn=enter(group))
        # 540 of 600, less 280, hold no third one.
        until(lambda: 0 < len(at_work(p.pid)) <= 2 and held(p.pid), "fewer")
        other.kill()
        until(lambda: len(at_work(p.pid)) >= 3, "as many as before")
        assert kills(group) == 0
        os.killpg(p.pid, signal.SIGKILL)


def test_two_builds_share_by_their_leases(w):
    with cgroup(400 * MIB) as group:
        # They grow faster than a look at what is free could tell the other.
        project = Project(w, [100] * 4, recipe="{grow} {size} .1 .5")
        both = [project.start(group) for _ in range(2)]
        until(lambda: all(at_work(p.pid) for p in both), "a job of each")
        said = [p.communicate(timeout=60)[1] for p in both]
        assert [p.returncode for p in both] == [0, 0], said
        assert kills(group) == 0, said


def test_a_large_job_is_not_overtaken_for_ever(w):
    """Small ones, eight at a time, would fill the memory until none is left."""
    project = Project(w, [40] * 6 + [300] + [40] * 26, bound=310,
                      recipe="{grow} {size} .8 .8 {number}")
    with cgroup(4096 * MIB) as group:  # where all learn what they take
        p = project.start(group, "--hold", width=40)
        said = p.communicate(timeout=60)[1]
        assert p.returncode == 0, said
    with cgroup(400 * MIB) as group:
        p = project.start(group, width=16)
        until(lambda: large(p.pid), "the large job")
        job = large(p.pid)
        until(lambda: is_held(job), "it to be held")
        time.sleep(2.7)  # hold_max, and what started just before is seen
        before, passed = grown(p.pid), set()
        until(lambda: passed.update(grown(p.pid) - before) or
              not is_held(job), "its turn")
        until(lambda: state(job) in ("Z", "gone"), "its end")
        assert kills(group) == 0
        os.killpg(p.pid, signal.SIGKILL)
        # One at a time has room beside the large one.
        assert len(passed) <= 3, passed


def grown(pid):
    """Jobs that were let run, by what they have."""
    return {child for child in children(pid)
            if resident(child) > 8 * MIB and child != large(pid)}


def resident(pid):
    """Bytes; none once it has ended."""
    try:
        with open(f"/proc/{pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (FileNotFoundError, ProcessLookupError):
        return 0


def large(pid):
    for child in children(pid):
        try:
            with open(f"/proc/{child}/cmdline") as f:
                if " 300 " in f.read().replace("\0", " "):
                    return child
        except (FileNotFoundError, ProcessLookupError):
            pass
    return None


def test_jobs_of_makes_within_are_held(w):
    """By the outer make's jobserver, and with a number of their own."""
    with cgroup(300 * MIB) as group:
        project = Project(w, [1, 1, 1], recipe="+$(MAKE) -f inner{number}")
        for i, options in enumerate(["", "-j4", "--jobs=4"]):
            with open(f"{project.folder}/inner{i}", "w") as f:
                f.write(f"all:\n\t@$(MAKE) -f jobs {options} PART={i}\n")
        with open(project.folder + "/jobs", "w") as f:
            f.write(f"all: a b c\na b c:\n\t@{GROW} 90 .3 .1 $(PART)$@\n")
        p = project.start(group)
        out, said = p.communicate(timeout=60)
        assert p.returncode == 0 and kills(group) == 0, (out, said)
        assert "no kills" in said, said


def test_jobs_of_a_make_that_a_shell_becomes_late_are_held(w):
    with cgroup(300 * MIB) as group:
        project = Project(w, [1], recipe="+sleep 1.6; exec $(MAKE) -f inner")
        with open(project.folder + "/inner", "w") as f:
            f.write(f"all: a b c d\na b c d:\n\t@{GROW} 100 .4 .1\n")
        p = project.start(group)
        _, said = p.communicate(timeout=60)
        assert p.returncode == 0 and kills(group) == 0, said


def test_the_keeper_takes_little(w):
    with cgroup(1024 * MIB) as group:
        project = Project(w, [4] * 33, recipe="{grow} {size} .1 2.4 {number}")
        p = project.start(group, "--hold", width=33)
        # Its guard has its name for a moment.
        until(lambda: len(processes("fitrun-keeper", group)) == 1 and
              processes("fitrun-guard", group), "the keeper")
        (keeper,) = processes("fitrun-keeper", group)
        begin, seconds = time.monotonic(), 0.0
        while p.poll() is None:
            seconds = processor_time(keeper) or seconds
            time.sleep(0.02)
        share = seconds / (time.monotonic() - begin)
        p.communicate()
        assert 0 < share < 0.12, share


def processor_time(pid):
    """Seconds; none once it has ended."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(") ", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


run(globals())
