#!/usr/bin/env python3
"""fitrun measure finds the costs of jobs whose costs are known.

A dozen shapes of memory: threads, processes, spikes, page cache, shared memory,
copy on write, tmpfs, programs behind shells, orphans; each holds its memory until
fitrun has looked, however busy the machine is. Within 5 % where a control
group counts (skipped with the reason where none can be made), within 10 % by
sampling.

Needs: python3 (standard library only).
"""

import json
import os
import subprocess
import sys
import tempfile

FITRUN = os.path.abspath(os.environ["FITRUN"])
EAT = os.path.abspath(os.path.join(os.environ["HELPERS"], "eat"))
MIB = 1 << 20
FIXED, PER_WORKER = 120, 60  # MiB
MILLISECONDS = 120
LINES = ("threads", "processes", "thread-spike", "process-spike", "page-cache",
         "mapped-file", "shared-memory", "copy-on-write", "tmpfs", "programs",
         "orphans")


def measure(shape, folder, *options):
    """The report of one measurement; fails on any note of its own."""
    done = subprocess.run(
        [FITRUN, "measure", "-q", "--counts", "1,2,4", "--repeat", "2",
         "--format", "json", *options, "--", EAT, shape, "<threads>",
         str(FIXED), str(PER_WORKER), str(MILLISECONDS), folder],
        capture_output=True, text=True, check=False,
        env=os.environ | {"EAT_UNTIL_SEEN": "1"})
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def errors_of(pool):
    return (pool["fixed"] / (FIXED * MIB) - 1,
            pool["per_worker"] / (PER_WORKER * MIB) - 1)


def check_line(report, tolerance):
    pool = report["pools"][0]
    fixed, per_worker = errors_of(pool)
    figures = f"fixed {fixed:+.1%}, per worker {per_worker:+.1%}"
    if pool["shape"] != "line":
        raise AssertionError(f"{pool['shape']}: {figures}")
    if max(abs(fixed), abs(per_worker)) > tolerance:
        raise AssertionError(figures)
    return figures


def check_split(report):
    """Four pieces of work: no line, and no run above what is to be declared."""
    pool = report["pools"][0]
    if pool["shape"] != "split_work":
        raise AssertionError(f"called {pool['shape']}")
    for run in report["runs"]:
        if run["peak"] > pool["fixed"] + run["workers"] * pool["per_worker"] + 1:
            raise AssertionError(f"the bound does not cover {run}")
    return "the bound covers every run"


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for options, tolerance in (((), 0.05), (("--sample",), 0.10)):
            for shape in (*LINES, "split-work"):
                counts = ("--counts", "2,4,8,16") if shape == "split-work" else ()
                try:
                    report = measure(shape, folder, *options, *counts)
                    counted = report["runs"][0]["certainty"] == "counted"
                    if not options and not counted:
                        print("SKIPPED: no control group can be made here: " +
                              report["runs"][0]["method"])
                        break
                    told = check_split(report) if counts else (
                        check_line(report, tolerance))
                    print(f"ok   {' '.join(options) or 'counted':9} {shape:15} {told}")
                except AssertionError as error:
                    print(f"FAIL {' '.join(options) or 'counted':9} {shape:15} {error}")
                    failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
