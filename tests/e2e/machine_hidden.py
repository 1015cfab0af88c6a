#!/usr/bin/env python3
"""Where /proc hides the machine (subset=pid), a limit above it is no answer.

A process in a cgroup that may have a terabyte, with /proc mounted as systemd's
ProcSubset=pid does: sysinfo(2) says what the machine has. Skipped with the
reason where no such /proc can be mounted; where no cgroup can be made, the rest
is tested without one.

Needs: python3 (standard library only), unshare, mount.
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
sys.dont_write_bytecode = True

from cgroups import find_home, run_in  # noqa: E402

FITRUN = os.path.abspath(os.environ["FITRUN"])
os.environ["FITRUN_LEASES"] = "off"
TERABYTE = 1 << 40
GIB = 1 << 30
HIDE = ("unshare", "--mount", "sh", "-c",
        'mount -t proc -o subset=pid proc /proc && exec "$@"', "sh")


def total_of_machine():
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file
                    if line.startswith("MemTotal:"))


def check(run):
    """`run` starts a command and gives its status and output."""
    total = total_of_machine()
    status, text = run(*HIDE, FITRUN, "probe", "--format", "json")
    assert status == 0, f"fitrun probe ended with {status}: {text}"
    ram = json.loads(text)["pools"][0]
    said = {c["name"]: c for c in ram["constraints"]}
    assert "available" not in said["host.mem_available"], said
    system = said["host.sysinfo"]
    assert 0 < system["available"] <= system["limit"], system
    # The kernel counts the same pages for both, but for what a container's
    # /proc/meminfo may take away.
    assert system["limit"] >= total, (system, total)
    assert ram["available"] <= system["available"], ram
    status, text = run(*HIDE, FITRUN, "plan", "--per-worker", "1GiB", "--want",
                       "100000", "--format", "threads")
    assert status == 0, f"fitrun plan ended with {status}: {text}"
    assert 1 <= int(text) <= max(1, total * 0.7 / GIB), text
    return ram["binding"], ram["constraints"]


def run_here(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout or done.stderr


def main():
    status, text = run_here(*HIDE, "test", "!", "-e", "/proc/meminfo")
    if status != 0:
        print(f"SKIPPED: no /proc with subset=pid can be mounted: {text.strip()}")
        return 77
    check(run_here)
    cgroups = find_home()
    if isinstance(cgroups, str):
        print(f"without a cgroup: {cgroups}")
        return 0
    job = cgroups.make(cgroups.home, "job", limit=TERABYTE)
    try:
        binding, said = check(lambda *argv: run_in(job, *argv))
        limits = [c for c in said if c["name"].startswith("cgroup")]
        assert any(c.get("limit") == TERABYTE for c in limits), limits
        print(f"bound by {binding}")
    finally:
        cgroups.remove(cgroups.home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
