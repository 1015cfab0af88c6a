#!/usr/bin/env python3
"""Fifty launches at once, again and again: no byte is promised twice, no lease
is lost while its command runs, and none is left when all have ended.

FITRUN_STORM_ROUNDS (8; the full measure is 200) and FITRUN_STORM_SEED.
"""
import os
import random
import re
import selectors
import signal
import subprocess
import time

from leaselib import (HOLD, MIB, OWN_CGROUP, Skip, cgroup, enter, gone, read,
                      run, until)

ROUNDS = int(os.environ.get("FITRUN_STORM_ROUNDS", "8"))
SEED = int(os.environ.get("FITRUN_STORM_SEED", str(time.time_ns() % 10**9)))
LAUNCHES = 50
POINTS = ("locked", "taken", "unlocked", "queued")


class Storm:
    """One round; `budgets` by pool or GPU."""

    def __init__(self, world, budgets, rng):
        self.w, self.budgets, self.rng = world, budgets, rng
        self.poll = selectors.DefaultSelector()
        self.live = {}      # stdout -> launch that has not ended
        self.holding = {}   # id -> launch with a lease
        self.fitted = self.over = self.killed = self.refused = 0

    def start(self):
        rng = self.rng
        memory = rng.choice(list(self.budgets))
        budget = self.budgets[memory]
        policy = rng.choice(["run-one", "wait", "wait", "fail"])
        args = [HOLD, "fit", "--budget", budget,
                "--fixed", rng.randrange(budget // 20),
                "--per", 1 + rng.randrange(budget // 10),
                "--want", rng.randrange(1, 9), "--policy", policy]
        if memory != "ram":
            args += ["--gpu", memory]
        if rng.random() < 0.15:
            args += ["--die-at", rng.choice(POINTS)]
        p = self.w.popen(args + ["--", "cat"])
        p.memory = memory
        p.kill_at = (time.monotonic() + rng.random() * 0.5
                     if rng.random() < 0.15 else None)
        p.end_at = None
        self.live[p.stdout] = p
        self.poll.register(p.stdout, selectors.EVENT_READ, p)

    def heard(self, p):
        line = p.stdout.readline()
        if not line:
            self.poll.unregister(p.stdout)
            del self.live[p.stdout]
            self.holding = {i: q for i, q in self.holding.items() if q is not p}
            status = p.wait()
            self.killed += status == -signal.SIGKILL
            self.refused += status == 75
            assert status in (0, 75, -signal.SIGKILL), status
            p.stdin.close()
            return
        match = re.search(r'"id": "(\w+)".*"fits": (\w+)', line)
        assert match, line
        self.holding[match[1]] = p
        p.end_at = time.monotonic() + self.rng.random() * 0.05
        self.fitted += match[2] == "true"
        self.over += match[2] != "true"

    def audit(self):
        """Under the lock nobody takes a lease; commands may end, though."""
        expected = {i for i, p in self.holding.items() if p.poll() is None}
        leases = self.w.leases()
        listed = {lease["id"] for lease in leases}
        lost = {i for i in expected - listed
                if self.holding[i].poll() is None}
        assert not lost, f"lost {lost}"
        for memory, budget in self.budgets.items():
            total = 0
            for lease in leases:
                if lease["state"] == "waiting" or lease["label"] == "run-one":
                    continue
                for holding in lease["holdings"]:
                    if holding.get("device", "ram") == memory:
                        total += holding["leased"]
            assert total <= budget, f"{memory}: {total} of {budget}"

    def tick(self):
        now = time.monotonic()
        for p in list(self.live.values()):
            if p.kill_at and now >= p.kill_at:
                p.kill()
                p.kill_at = None
            if p.end_at and now >= p.end_at:
                p.stdin.close()
                p.end_at = None

    def play(self):
        for _ in range(LAUNCHES):
            self.start()
        audit_at = 0
        begin = time.monotonic()
        while self.live:
            for key, _ in self.poll.select(0.01):
                self.heard(key.data)
            self.tick()
            if time.monotonic() >= audit_at:
                self.audit()
                audit_at = time.monotonic() + 0.1
            assert time.monotonic() - begin < 100, "the storm does not end"
        self.poll.close()
        self.w.expect_nothing()


def storm(w, budgets):
    print(f"seed {SEED}", flush=True)
    totals = [0, 0, 0, 0]
    for i in range(ROUNDS):
        s = Storm(w, budgets, random.Random(SEED + i))
        s.play()
        w.started.clear()
        totals = [a + b for a, b in zip(
            totals, (s.fitted, s.over, s.killed, s.refused))]
    print("%d fitted, %d ran over, %d were killed, %d refused" % tuple(totals))
    assert totals[0] > 10 * ROUNDS and totals[2] > ROUNDS


def test_fifty_launches_and_one_memory(w):
    storm(w, {"ram": 10**9})


def test_fifty_launches_and_two_gpus(w):
    storm(w, {"ram": 10**9, "GPU-1": 24 * 10**9, "GPU-2": 8 * 10**9})


def test_fifty_launches_that_fill_a_real_cgroup(w):
    """Every launch allocates all of its lease, at its own speed, in a cgroup of
    512 MiB: the kernel never has to kill."""
    rng = random.Random(SEED)
    with cgroup(512 * MIB) as folder:
        for _ in range(max(1, ROUNDS // 8)):
            fill(w, folder, rng)
            assert oom_kills(folder) == 0
            w.expect_nothing()


def oom_kills(folder):
    return int(re.search(r"oom_kill (\d+)",
                         read(folder, "memory.oom_control"))[1])


def fill(w, folder, rng):
    running = []
    for _ in range(LAUNCHES):
        running.append(w.popen(
            [HOLD, "fit", "--cgroup", folder, "--headroom", "0.85",
             "--fixed", rng.randrange(20 * MIB), "--per",
             MIB + rng.randrange(30 * MIB), "--want", rng.randrange(1, 9),
             "--policy", "wait", "--timeout", "90", "--",
             "sh", "-c", f"sleep 0.0{rng.randrange(10)}; "
             f"exec {HOLD} eat {{bytes}}"],
            preexec_fn=enter(folder)))
    killed = {p for p in running if rng.random() < 0.1}
    for p in killed:
        p.kill()
    with selectors.DefaultSelector() as poll:
        for p in running:
            poll.register(p.stdout, selectors.EVENT_READ, p)
        while poll.get_map():
            for key, _ in poll.select():
                p = key.data
                # Not readline, which keeps a second line to itself.
                text = os.read(p.stdout.fileno(), 4096)
                if b"ate\n" in text:
                    p.stdin.close()
                if not text:
                    poll.unregister(p.stdout)
                    status = p.wait()
                    assert status == 0 or p in killed, status
    w.started.clear()


def test_without_leases_the_same_cgroup_kills(w):
    """What shows that the test above bites."""
    with cgroup(512 * MIB) as folder:
        w.env["FITRUN_LEASES"] = "off"
        eaters = [w.popen(
            [HOLD, "fit", "--cgroup", folder, "--headroom", "0.85",
             "--fixed", 0, "--per", 30 * MIB, "--want", 8, "--policy", "wait",
             "--", "sh", "-c", f"sleep 0.3; exec {HOLD} eat {{bytes}}"],
            preexec_fn=enter(folder)) for _ in range(8)]
        until(lambda: oom_kills(folder) > 0 or
              all(gone(p.pid) for p in eaters), "a kill", 60)
        kills = oom_kills(folder)
        for p in eaters:
            p.kill()
            p.wait()
        assert kills > 0


run(globals())
