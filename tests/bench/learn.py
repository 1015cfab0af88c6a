#!/usr/bin/env python3
"""learn.py FITRUN HELPERS [--seed N] [--only TOOL] [--limit MIB]: use teaches.

From an empty state and under a real memory limit, a tool is started five times
in a row as `fitrun TOOL -j32`, over 48 jobs whose size fitrun does not know. No
launch may be killed, and the third has to reach floor(0.9 x the largest count
that survives three times). Beside the counts stand those of other rules: the
tool's bound alone, as many as CPUs (nproc), and RPM's and LLVM's formulas, which
are given the exact cost of a job.

The job's size is drawn for each case, evenly by its logarithm, so that some 3 to
30 of them fit. Needs: python3, a writable memory cgroup; make, ninja, xargs,
pytest with xdist: a tool that is not there is SKIPPED.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

from limited import Limited, by_host, memory_cgroups

WANT = 32
JOBS = 48
LAUNCHES = 5
LIMITS = (512, 1024)  # MiB
HOLD = 300  # milliseconds that a job holds its memory


def make_project(folder, job, _mib):
    with open(f"{folder}/Makefile", "w", encoding="ascii") as file:
        names = " ".join(f"j{i}" for i in range(JOBS))
        file.write(f"all: {names}\n{names}:\n\t@{job} $@\n.PHONY: {names}\n")


def ninja_project(folder, job, _mib):
    with open(f"{folder}/build.ninja", "w", encoding="ascii") as file:
        file.write(f"rule job\n  command = {job} $out\n")
        for i in range(JOBS):
            file.write(f"build j{i}: job\n")


def xargs_project(folder, _job, _mib):
    with open(f"{folder}/list", "w", encoding="ascii") as file:
        file.write("".join(f"j{i}\n" for i in range(JOBS)))


def pytest_project(folder, _job, mib):
    with open(f"{folder}/test_all.py", "w", encoding="ascii") as file:
        file.write("import time\nimport pytest\n\n"
                   f"@pytest.mark.parametrize('i', range({JOBS}))\n"
                   "def test_job(i):\n"
                   f"    data = b'x' * ({mib} << 20)\n"
                   f"    time.sleep({HOLD / 1000})\n")


# How the project is made, and the command line for a count.
TOOLS = {
    "make": (make_project, lambda n, job: ["make", f"-j{n}"]),
    "ninja": (ninja_project, lambda n, job: ["ninja", f"-j{n}"]),
    "xargs": (xargs_project, lambda n, job: [
        "xargs", "-a", "list", "-n", "1", "-P", str(n), *job.split()]),
    "pytest": (pytest_project, lambda n, job: [
        "pytest", "-q", "-p", "no:cacheprovider", "-n", str(n)]),
}


def has(tool):
    if tool != "pytest":
        return shutil.which(tool) is not None
    with contextlib.suppress(OSError):
        return subprocess.run(["pytest", "-n", "1", "--version"], check=False,
                              capture_output=True).returncode == 0
    return False


class Case(Limited):
    def __init__(self, cgroups, programs, tool, limit, mib):
        super().__init__(cgroups, f"{tool}-{limit}", limit)
        self.fitrun, helpers = programs
        self.mib, self.tool = mib, tool
        make, self.words = TOOLS[tool]
        self.job = f"{helpers}/eat threads 1 0 {mib} {HOLD}"
        os.mkdir(f"{self.folder}/.git")
        make(self.folder, self.job, mib)

    def holds(self, count):
        return self.survives(*self.words(count, self.job))

    def largest(self):
        count = max(1, min(WANT, self.limit // self.mib))
        while count > 1 and not self.holds(count):
            count -= 1
        while count < WANT and self.holds(count + 1):
            count += 1
        return count

    def launches(self):
        """[(count, kills, seconds)], and what went wrong."""
        runs, wrong = [], []
        for _ in range(LAUNCHES):
            status, text, kills, seconds = self.run(
                self.fitrun, *self.words(WANT, self.job))
            if status != 0:
                wrong.append(f"status {status}: {text[-500:]}")
            runs.append((self.recorded()["workers"], kills, seconds))
        return runs, wrong

    def recorded(self):
        with open(f"{os.environ['FITRUN_STATE']}/runs.jsonl",
                  encoding="utf-8") as file:
            return json.loads(file.readlines()[-1])

    def by_formula(self, key):
        return min(WANT, by_host(key, self.mib))


def run_case(case):
    with tempfile.TemporaryDirectory() as state:
        os.environ["FITRUN_STATE"] = state
        runs, wrong = case.launches()
    largest = case.largest()
    goal = max(1, int(0.9 * largest))
    killed = sum(kills for _, kills, _ in runs)
    good = not killed and not wrong and runs[2][0] >= goal
    print(f"{case.limit:5} {case.tool:7} {case.mib:4} {largest:8} {goal:5}   " +
          " ".join(f"{count:3}" for count, _, _ in runs) +
          f" {killed:6}   " +
          " ".join(f"{seconds:5.1f}" for _, _, seconds in runs) +
          f"   {os.cpu_count():5} {case.by_formula('MemTotal'):4}"
          f" {case.by_formula('MemFree'):4}   {'ok' if good else 'NOT REACHED'}",
          flush=True)
    for text in wrong:
        print(f"  {text}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(usage=__doc__.replace("%", "%%"))
    parser.add_argument("programs", nargs=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--limit", type=int)
    words = parser.parse_args()
    programs = [os.path.abspath(path) for path in words.programs]
    os.environ.update(FITRUN_LEASES="off", FITRUN_HOLD="off")
    dice = random.Random(words.seed)
    print("limit tool     job  largest  goal   launches' counts  kills   "
          "seconds                           nproc  RPM LLVM")
    good = True
    with memory_cgroups() as cgroups:
        for limit in LIMITS:
            for tool in TOOLS:
                mib = round(limit / (3 * 10 ** dice.random()))
                if words.only not in (None, tool) or (
                        words.limit not in (None, limit)):
                    continue
                if not has(tool):
                    print(f"SKIPPED: no {tool} here")
                    continue
                with Case(cgroups, programs, tool, limit, mib) as case:
                    good = run_case(case) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
