#!/usr/bin/env python3
"""Fifty launches at once, again and again: no byte is promised twice, no lease
is lost while its command runs, and none is left when all have ended.

FITRUN_STORM_ROUNDS (3; the full measure is 200) and FITRUN_STORM_SEED.
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

ROUNDS = int(os.environ.get("FITRUN_STORM_ROUNDS", "3"))
SEED = int(os.environ.get("FITRUN_STORM_SEED", str(time.time_ns() % 10**9)))
LAUNCHES = 50
POINTS = ("locked", "taken", "unlocked", "queued")
RAM = 10**12  # so much that what the processes use themselves is nothing
GPUS = {"GPU-1": 24 * 10**9, "GPU-2": 8 * 10**9}
POLICIES = ("run-one", "wait", "wait", "fail")


class Held:
    """Launches of lease_hold, which can die at a chosen point."""

    def __init__(self, world, budgets):
        self.w, self.budgets = world, budgets

    def start(self, rng):
        memory = rng.choice(list(self.budgets))
        budget = self.budgets[memory]
        args = [HOLD, "fit", "--budget", budget,
                "--fixed", rng.randrange(budget // 20),
                "--per", 1 + rng.randrange(budget // 10),
                "--want", rng.randrange(1, 9), "--policy", rng.choice(POLICIES)]
        if memory != "ram":
            args += ["--gpu", memory]
        if rng.random() < 0.15:
            args += ["--die-at", rng.choice(POINTS)]
        return self.w.popen(args + ["--", "cat"])

    @staticmethod
    def parse(text):
        """The id of the lease and whether all fits, once the command runs."""
        match = re.search(r'"id": "(\w+)".*"fits": (\w+)', text)
        return match and (match[1], match[2] == "true")


class Fitted:
    """Launches of fitrun itself. A custom probe tells the RAM and the fake
    driver the VRAM, so that nothing but leases changes what is available."""

    def __init__(self, world, budgets):
        self.w, self.budgets = world, budgets
        self.gpus = [memory for memory in budgets if memory != "ram"]
        world.env.update(
            FITRUN_NVML=os.environ["HELPERS"] + "/fake/libnvidia-ml.so.1",
            FITRUN_CUDA="/nonexistent", CUDA_DEVICE_ORDER="PCI_BUS_ID",
            FAKE_NVML_GPUS=";".join(
                f"uuid={gpu},name=A,pci=00000000:{i:02x}:00.0,"
                f"total={budgets[gpu]},free={budgets[gpu]}"
                for i, gpu in enumerate(self.gpus)))

    def start(self, rng):
        pools = ["ram", "vram"] if self.gpus else ["ram"]
        pools = rng.sample(pools, rng.randrange(1, len(pools) + 1))
        text = f"want = {rng.randrange(1, 9)}\n"
        for pool in pools:
            size = self.budgets.get(pool) or min(GPUS.values())
            text += (f"[{pool}]\nheadroom = 1.0\n"
                     f"fixed = {rng.randrange(size // 20)}\n"
                     f"per_worker = {1 + rng.randrange(size // 10)}\n")
            if pool == "ram":
                text += f'probe = ["echo", "{size}"]\n'
            elif rng.random() < 0.5:
                text += 'devices = "all"\nspread = "roundrobin"\n'
            else:
                text += f'devices = ["{rng.choice(self.gpus)}"]\n'
        stage = os.path.join(self.w.scratch, f"{rng.getrandbits(64):x}.toml")
        with open(stage, "w") as file:
            file.write(text)
        policy = rng.choice(POLICIES)
        return self.w.popen(
            [os.environ["FITRUN"], "-q", "--label", policy, "--on-no-fit",
             policy, stage, "--", "sh", "-c", "echo lease $FITRUN_LEASE; exec cat"],
            stderr=subprocess.STDOUT)

    @staticmethod
    def parse(text):
        match = re.search(r"^lease (\w{16})$", text, re.M)
        return match and (match[1], "does not fit" not in text)


class Storm:
    """One round; `budgets` by pool or GPU."""

    def __init__(self, world, launches, budgets, rng):
        self.w, self.launches = world, launches
        self.budgets, self.rng = budgets, rng
        self.poll = selectors.DefaultSelector()
        self.live = {}      # stdout -> launch that has not ended
        self.holding = {}   # id -> launch with a lease
        self.over = set()   # ids of leases that did not fit
        self.fitted = self.killed = self.refused = 0

    def start(self):
        p = self.launches.start(self.rng)
        p.text = ""
        p.id = None
        p.kill_at = (time.monotonic() + self.rng.random() * 0.5
                     if self.rng.random() < 0.2 else None)
        p.end_at = None
        self.live[p.stdout] = p
        self.poll.register(p.stdout, selectors.EVENT_READ, p)

    def heard(self, p):
        text = os.read(p.stdout.fileno(), 4096).decode()
        if not text:
            self.poll.unregister(p.stdout)
            del self.live[p.stdout]
            self.holding.pop(p.id, None)
            status = p.wait()
            self.killed += status == -signal.SIGKILL
            self.refused += status == 75
            assert status in (0, 75, -signal.SIGKILL), (status, p.text)
            p.stdin.close()
            return
        p.text += text
        told = self.launches.parse(p.text)
        if p.id or not told:
            return
        p.id, fits = told
        self.holding[p.id] = p
        p.end_at = time.monotonic() + self.rng.random() * 0.05
        self.fitted += fits
        if not fits:
            self.over.add(p.id)

    def audit(self):
        """Under the lock nobody takes a lease; commands may end, though."""
        expected = {i for i, p in self.holding.items() if p.poll() is None}
        leases = self.w.leases()
        listed = {lease["id"] for lease in leases}
        lost = {i for i in expected - listed
                if self.holding[i].poll() is None}
        assert not lost, f"lost {lost}"
        for memory, budget in self.budgets.items():
            total = allowed = 0
            for lease in leases:
                if lease["state"] == "waiting" or lease["id"] in self.over:
                    continue
                # It has not told yet whether it fits.
                if lease["label"] == "run-one" and lease["id"] not in expected:
                    continue
                for holding in lease["holdings"]:
                    if holding.get("device", "ram") == memory:
                        total += holding["leased"]
                        # What a process uses does not count twice, and the
                        # budget of a storm does not shrink by it.
                        allowed += MIB if memory == "ram" else 0
            assert total <= budget + allowed, f"{memory}: {total} of {budget}"

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


def storm(w, launches, budgets):
    print(f"seed {SEED}", flush=True)
    kind = launches(w, budgets)
    totals = [0, 0, 0, 0]
    for i in range(ROUNDS):
        s = Storm(w, kind, budgets, random.Random(SEED + i))
        s.play()
        w.started.clear()
        totals = [a + b for a, b in zip(
            totals, (s.fitted, len(s.over), s.killed, s.refused))]
    print("%d fitted, %d ran over, %d were killed, %d refused" % tuple(totals))
    assert totals[0] > 10 * ROUNDS and totals[2] > ROUNDS


def test_fifty_launches_and_one_memory(w):
    storm(w, Held, {"ram": RAM})


def test_fifty_launches_and_two_gpus(w):
    storm(w, Held, {"ram": RAM, **GPUS})


def test_fifty_times_fitrun_and_one_memory(w):
    storm(w, Fitted, {"ram": RAM})


def test_fifty_times_fitrun_and_two_gpus(w):
    storm(w, Fitted, {"ram": RAM, **GPUS})


def test_fifty_launches_that_fill_a_real_cgroup(w):
    """Every launch allocates all of its lease, at its own speed, in a cgroup of
    512 MiB: the kernel never has to kill."""
    rng = random.Random(SEED)
    print(f"seed {SEED}", flush=True)
    with cgroup(512 * MIB) as folder:
        try:
            for _ in range(ROUNDS):
                fill(w, folder, rng)
                assert oom_kills(folder) == 0
                w.expect_nothing()
        finally:
            w.kill_all()


def oom_kills(folder):
    return int(re.search(r"oom_kill (\d+)",
                         read(folder, "memory.oom_control"))[1])


# Leases take the cgroup to the last byte but for the reserve, so that what is
# charged beside the memory of the commands must be in the figures: a launch that
# waits (stack, page tables and heap), and a command's own memory before it eats.
# Page tables take 1 of 512 bytes.
WAITER = MIB // 2
OWN = MIB


def fill(w, folder, rng):
    running = []
    for _ in range(LAUNCHES):
        running.append(w.popen(
            [HOLD, "fit", "--cgroup", folder, "--headroom", "0.85",
             "--reserve", LAUNCHES * WAITER,
             "--fixed", OWN + rng.randrange(20 * MIB), "--per",
             MIB + rng.randrange(30 * MIB), "--want", rng.randrange(1, 9),
             "--policy", "wait", "--timeout", "90", "--",
             "sh", "-c", f"sleep 0.0{rng.randrange(10)}; all={{bytes}}; "
             f"exec {HOLD} eat $((all - all / 256 - {OWN}))"],
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


def granted(w, count, headrooms, ramp):
    """What so many launches were granted in a cgroup of 1 GiB, as a share of the
    budget of one of them alone. Each eats all of its lease when `ramp` says."""
    per, limit = 24 * MIB, 1024 * MIB
    rng = random.Random(SEED)
    with cgroup(limit) as folder:
        try:
            ids = {}
            started = []
            for i in range(count):
                p = w.popen(
                    [os.environ["FITRUN"], "-q", "--headroom",
                     headrooms[i % len(headrooms)], "--fixed", "0",
                     "--per-worker", per, "--want", rng.randrange(1, 9),
                     "--on-no-fit", "fail", "--", "sh", "-c",
                     "echo $FITRUN_LEASE; " + ramp(i) +
                     f"exec {HOLD} eat $((FITRUN_THREADS * {per} - {OWN}))"],
                    preexec_fn=enter(folder), stderr=subprocess.DEVNULL)
                started.append(p)
                # With a fast ramp the next one sees all of it in use.
                if not ramp(i):
                    ids[p.stdout.readline().strip()] = p
                    p.stdout.readline()
            for p in started:
                if p not in ids.values():
                    ids[p.stdout.readline().strip()] = p
            bytes_of = {lease["id"]: lease["holdings"][0]["leased"]
                        for lease in w.leases()}
            total = sum(bytes_of[i] for i in ids if i)
            assert oom_kills(folder) == 0
            return total / (float(max(headrooms)) * limit)
        finally:
            w.kill_all()


def keeps_the_margin(w, headrooms):
    for count in (24, 40):
        for name, ramp in (("fast", lambda i: ""),
                           ("slow", lambda i: f"sleep 0.{i % 10}; "),
                           ("none", lambda i: "read line; ")):
            share = granted(w, count, headrooms, ramp)
            print(f"{count} launches, {name} ramp: {share:.3f}", flush=True)
            assert 0.8 < share <= 1, (count, name, share)


def test_many_launches_keep_the_margin_of_one(w):
    keeps_the_margin(w, ["0.7"])


def test_different_headrooms_keep_the_largest_margin(w):
    keeps_the_margin(w, ["0.7", "0.5", "0.8"])


run(globals())
