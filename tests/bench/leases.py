#!/usr/bin/env python3
"""What leases cost: reading many live ones, and taking one.

    tests/bench/leases.py [BUILD]

BUILD is a build folder with tests/lease_hold in it; Release figures count
(default: build/release). Prints the median time of a reading with 0, 10, 100
and 500 live leases, of single processes and of small trees, in wall time and in
CPU time, which is what remains on a busy machine; and the launch time
with a lease as a ratio to the one without, interleaved.
"""
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

build = sys.argv[1] if len(sys.argv) > 1 else "build/release"
HOLD = os.path.join(build, "tests", "lease_hold")
folder = tempfile.mkdtemp(prefix="fitrun-bench-")
ENV = dict(os.environ, FITRUN_LEASES=folder)


def start(n, command):
    holders = []
    for _ in range(n):
        p = subprocess.Popen(
            [HOLD, "take", "--ram", "1000000000", "--level", "/sys/fs/cgroup",
             "--", *command],
            env=ENV, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
            start_new_session=True)
        p.stdout.readline()
        holders.append(p)
    return holders


def stop(holders):
    for p in holders:
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        p.stdout.close()
    subprocess.run([HOLD, "list", "--lock"], env=ENV, check=True,
                   stdout=subprocess.DEVNULL)


def readings(count):
    out = subprocess.run([HOLD, "measure", str(count)], env=ENV, check=True,
                         capture_output=True, text=True).stdout.splitlines()
    assert len({line.split()[0] for line in out}) == 1, out
    words = [line.split() for line in out]
    return [(float(w[2]), float(w[4])) for w in words]


def reading(n, command, what):
    holders = start(n, command)
    time.sleep(0.5)
    firsts = [readings(1)[0] for _ in range(9)]
    first, cpu = (statistics.median(column) for column in zip(*firsts))
    later = statistics.median(wall for wall, _ in readings(21))
    print(f"{n:4} live leases{what}: {first / 1000:6.2f} ms "
          f"({cpu / 1000:.2f} of CPU), "
          f"again in the same process {later / 1000:6.2f} ms")
    stop(holders)
    return first


def launch(env):
    begin = time.perf_counter()
    subprocess.run([HOLD, "take", "--ram", "1000", "--level",
                    "/sys/fs/cgroup", "--", "true"],
                   env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


try:
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, "
          f"{sum(name.isdigit() for name in os.listdir('/proc'))} processes")
    for n in (0, 10, 100, 500):
        reading(n, ["sleep", "1000"], "")
    reading(100, ["sh", "-c", "sleep 1000 & sleep 1000 & sleep 1000 & wait"],
            " of four processes each")
    with_lease, without = [], []
    for _ in range(300):
        with_lease.append(launch(ENV))
        without.append(launch(dict(ENV, FITRUN_LEASES="off")))
    a, b = statistics.median(with_lease), statistics.median(without)
    print(f"a launch: {a * 1000:.2f} ms with a lease, {b * 1000:.2f} without: "
          f"{a / b:.2f} x")
finally:
    shutil.rmtree(folder)
