#!/usr/bin/env python3
"""Waiting for memory: in order, without polling, and not for ever."""
import os
import select
import signal
import subprocess
import time

from leaselib import (HOLD, MIB, cgroup, end, enter, gone, run, until)


def ask(w, need, *, budget=1000, gpu=None, policy="wait", timeout=100,
        **options):
    """A launch that needs so much of a machine with `budget` free bytes."""
    args = ["--budget", budget, "--fixed", 0, "--per", need, "--want", 1,
            "--policy", policy, "--timeout", timeout]
    if gpu:
        args += ["--gpu", gpu]
    return w.popen([HOLD, "fit", *args, "--", "cat"], **options)


def started(p, within=60):
    """Whether it says so in time."""
    return bool(select.select([p.stdout], [], [], within)[0]) and \
        p.stdout.readline().startswith("{")


def queued(w, count=1):
    """Waits until so many launches are in the queue; their leases in order."""
    def waiting():
        return [lease for lease in w.leases() if lease["state"] == "waiting"]
    until(lambda: len(waiting()) == count, f"{count} in the queue")
    return waiting()


def test_the_end_of_a_lease_wakes_who_waits(w):
    delays = []
    for _ in range(5):
        holder = ask(w, 800, gpu="GPU-1")
        assert started(holder)
        waiter = ask(w, 800, gpu="GPU-1")
        queued(w)
        # Inside the five seconds after which it would look by itself.
        time.sleep(0.1)
        begin = time.monotonic()
        holder.kill()
        assert started(waiter)
        delays.append(time.monotonic() - begin)
        holder.wait()
        end(waiter)
    # By the timer it would be nearly five each.
    assert sorted(delays)[2] < 2.5, delays
    w.expect_nothing()


def test_first_come_first_served(w):
    holder = ask(w, 800)
    assert started(holder)
    waiters = []
    for i in range(5):
        waiters.append(ask(w, 800))
        order = queued(w, i + 1)
        assert [lease["pid"] for lease in order] == [p.pid for p in waiters]
    current = holder
    for i, p in enumerate(waiters):
        end(current)
        assert started(p), i
        assert not any(select.select([q.stdout], [], [], 0)[0]
                       for q in waiters[i + 1:])
        current = p
    end(current)
    w.expect_nothing()


def test_narrow_ones_do_not_slip_past_a_wide_one(w):
    holder = ask(w, 500)
    assert started(holder)
    wide = ask(w, 900)
    queued(w)
    # 500 are free, but 900 of 1000 are spoken for.
    narrow = ask(w, 150)
    queued(w, 2)
    other = ask(w, 150, policy="fail")
    assert other.wait(timeout=60) == 75
    small = ask(w, 50, policy="fail")
    assert small.wait(timeout=60) == 75  # 500 held, 900 wanted: nothing left
    assert not started(narrow, 1.5)
    end(holder)
    assert started(wide)
    # Of the 100 beside it, 150 are too many.
    assert not started(narrow, 1.5)
    beside = ask(w, 60, policy="fail")
    assert beside.wait(timeout=60) == 75  # behind `narrow`, which needs all
    end(wide)
    assert started(narrow)
    end(narrow)
    w.expect_nothing()


def test_who_fits_beside_the_first_need_not_wait(w):
    holder = ask(w, 500)
    assert started(holder)
    wide = ask(w, 600)
    queued(w)
    # Another memory, and a machine with room for both.
    assert started(ask(w, 800, gpu="GPU-1"))
    assert started(ask(w, 800, budget=2000))
    assert not started(wide, 0)


def test_a_wide_one_starts_while_narrow_ones_keep_coming(w):
    """Ten narrow launches at any time, each for a moment, and more of them
    without end: the wide one waits for those before it and for no others."""
    running = [ask(w, 100) for _ in range(10)]
    assert all(started(p) for p in running)
    wide = ask(w, 950)
    queued(w)
    came_later = []
    for p in running:
        came_later.append(ask(w, 100))
        end(p)
        assert not any(started(q, 0) for q in came_later)
    assert started(wide)
    end(wide)
    for p in came_later:
        assert started(p)
    for p in came_later:
        end(p)
    w.expect_nothing()


def test_an_interrupt_ends_the_wait_at_once(w):
    def of_gpu(need):  # looked at every five seconds
        return ask(w, need, gpu="GPU-1")

    holder = of_gpu(800)
    assert started(holder)
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        first = of_gpu(800)
        queued(w)
        second = of_gpu(150)  # fits as soon as the first one is gone
        queued(w, 2)
        begin = time.monotonic()
        first.send_signal(sig)
        assert first.wait(timeout=60) == -sig
        assert started(second)
        assert time.monotonic() - begin < 4
        end(second)
    end(holder)
    w.expect_nothing()


def test_a_stopped_launch_holds_up_nobody(w):
    holder = ask(w, 500)
    assert started(holder)
    wide = ask(w, 900)
    queued(w)
    wide.send_signal(signal.SIGSTOP)
    until(lambda: any(lease["state"] == "stopped" for lease in w.leases()),
          "the stop")
    narrow = ask(w, 150)
    assert started(narrow)
    wide.send_signal(signal.SIGCONT)
    end(holder)
    end(narrow)
    assert started(wide)


def test_a_wait_ends_with_its_time(w):
    holder = ask(w, 800)
    assert started(holder)
    begin = time.monotonic()
    waiter = ask(w, 800, timeout=0.3)
    assert waiter.wait(timeout=60) == 75
    assert time.monotonic() - begin >= 0.3
    assert len(w.files()) == 1
    never = ask(w, 800, timeout=0)
    assert never.wait(timeout=60) == 75
    end(holder)
    w.expect_nothing()


def test_waiting_costs_nothing(w):
    holder = ask(w, 800)
    assert started(holder)
    waiters = [ask(w, 800) for _ in range(4)]
    queued(w, 4)

    def ticks(p):
        with open(f"/proc/{p.pid}/stat") as f:
            fields = f.read().rsplit(") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def switches(p):
        with open(f"/proc/{p.pid}/status") as f:
            return int(f.read().split("voluntary_ctxt_switches:")[1].split()[0])
    before = [(ticks(p), switches(p)) for p in waiters]
    time.sleep(3)
    after = [(ticks(p), switches(p)) for p in waiters]
    woken = [b[1] - a[1] for a, b in zip(before, after)]
    hz = os.sysconf("SC_CLK_TCK")
    assert sum(b[0] - a[0] for a, b in zip(before, after)) < 0.2 * hz
    # The first looks once a second, the others less often; a look may wait for
    # the lock a few times.
    assert max(woken) < 30 and sum(woken) < 60, woken


def test_freed_memory_is_noticed_though_no_lease_ends(w):
    with cgroup(256 * MIB) as folder:
        other = w.popen([HOLD, "eat", 150 * MIB], preexec_fn=enter(folder))
        assert other.stdout.readline() == "ate\n"
        waiter = w.popen([HOLD, "fit", "--cgroup", folder, "--fixed", 0,
                          "--per", 180 * MIB, "--want", 1, "--policy", "wait",
                          "--", "cat"])
        queued(w)
        end(other)
        assert started(waiter)
        end(waiter)
    w.expect_nothing()


def test_what_was_left_behind_wakes_at_its_end_too(w):
    p = w.take("sh", "-c", "sleep 1000 & echo $!", ram=800)
    child = int(p.stdout.readline())
    p.wait()
    waiter = ask(w, 800)
    queued(w)
    os.kill(child, signal.SIGKILL)
    until(lambda: gone(child), "the child's end")
    assert started(waiter)
    end(waiter)


def test_waiting_works_without_a_folder(w):
    """There is nobody to wait for then, but memory to be freed."""
    p = ask(w, 2000, timeout=0.2, env=dict(w.env, FITRUN_LEASES="off"))
    assert p.wait(timeout=60) == 75


def test_a_lease_taken_after_waiting_is_one_lease(w):
    holder = ask(w, 800)
    assert started(holder)
    waiter = ask(w, 700)
    queued(w)
    end(holder)
    assert started(waiter)
    # It has said so before its exec, which closes what is the launch's own.
    until(lambda: w.only()["command"] == "cat", "the exec")
    lease = w.only()
    assert lease["state"] == "running" and lease["pid"] == waiter.pid
    assert lease["holdings"][0]["leased"] == 700
    assert len(w.files()) == 1
    fds = subprocess.run(["ls", f"/proc/{waiter.pid}/fd"], text=True,
                         capture_output=True, check=True).stdout.split()
    assert fds == ["0", "1", "2"], fds
    end(waiter)
    w.expect_nothing()


run(globals())
