"""Folders under a real memory limit, for the measurements here.

Needs: python3 (standard library only), a writable memory cgroup.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../e2e/lib"))
sys.dont_write_bytecode = True

from cgroups import find_home, read, start_in  # noqa: E402

MIB = 1 << 20


@contextlib.contextmanager
def memory_cgroups():
    """Where to make them; without any the measurement ends as SKIPPED."""
    cgroups = find_home()
    if isinstance(cgroups, str):
        print(f"SKIPPED: no memory cgroup can be made: {cgroups}")
        sys.exit(77)
    try:
        cgroups.hand_down(cgroups.home)
        yield cgroups
    finally:
        cgroups.remove(cgroups.home)


class Limited:
    """A folder, and commands that run there alone within so many MiB."""

    def __init__(self, cgroups, name, limit):
        self.cgroups, self.limit = cgroups, limit
        self.cgroup = cgroups.make(cgroups.home, name, limit=limit * MIB)
        self.folder = tempfile.mkdtemp()
        self.events = f"{self.cgroup}/" + (
            "memory.oom_control" if cgroups.version == 1 else "memory.events")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.settle()
        self.cgroups.remove(self.cgroup)
        shutil.rmtree(self.folder)

    def settle(self):
        """What a killed job has left there, and the keeper, end first."""
        while read(f"{self.cgroup}/cgroup.procs"):
            time.sleep(0.02)

    def kills(self):
        for line in read(self.events).splitlines():
            if line.split()[0] == "oom_kill":
                return int(line.split()[1])
        return 0

    def run(self, *words):
        """(status, everything it printed, kills, seconds)."""
        before, begin = self.kills(), time.monotonic()
        process = start_in(self.cgroup, *words, cwd=self.folder,
                           stdin=subprocess.DEVNULL)
        out, err = process.communicate()
        seconds = time.monotonic() - begin
        self.settle()
        return process.returncode, out + err, self.kills() - before, seconds

    def survives(self, *words):
        """Whether it ends well three times, with nobody killed."""
        return all(self.run(*words)[0:3:2] == (0, 0) for _ in range(3))


def by_host(key, mib):
    """As many jobs of so many MiB as a line of /proc/meminfo holds."""
    kib = dict(line.split()[:2] for line in read("/proc/meminfo").splitlines())
    return max(1, int(kib[key + ":"]) // 1024 // mib)
