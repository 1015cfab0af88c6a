#!/usr/bin/env python3
"""What a holder has given back with MADV_FREE is not used any more.

The pages stay resident until somebody needs them, so they are available already
and would count twice: as available, and as what the lease's holder uses.

Needs: python3 (standard library only).
"""

import json
import mmap
import os
import subprocess
import sys
import tempfile

FITRUN = os.path.abspath(os.environ["FITRUN"])
MIB = 1 << 20
HOLDER = f"""
import mmap, sys
m = mmap.mmap(-1, {512 * MIB}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, len(m), mmap.PAGESIZE):
    m[at] = 1
print("full", flush=True)
sys.stdin.readline()
m.madvise(mmap.MADV_FREE)
print("free", flush=True)
sys.stdin.readline()
"""


def used(environment):
    done = subprocess.run([FITRUN, "leases", "--format", "json"], env=environment,
                          capture_output=True, text=True, check=True)
    (lease,) = json.loads(done.stdout)["leases"]
    (holding,) = lease["holdings"]
    return holding["used"] / MIB


def main():
    if not hasattr(mmap, "MADV_FREE"):
        print("SKIPPED: this python knows no MADV_FREE")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, FITRUN_LEASES=folder)
        with subprocess.Popen(
                [FITRUN, "-q", "--per-worker", "600MiB", "--want", "1",
                 "--available", "ram=8GiB", "--", sys.executable, "-c", HOLDER],
                env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True) as holder:
            assert holder.stdout.readline() == "full\n"
            full = used(environment)
            assert 512 <= full < 600, full
            holder.stdin.write("\n")
            holder.stdin.flush()
            assert holder.stdout.readline() == "free\n"
            free = used(environment)
            # All but the program's own.
            assert free < 64, (full, free)
            print(f"used {full:.0f} MiB, and {free:.0f} once it was given back")
            holder.communicate("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
