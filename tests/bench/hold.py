#!/usr/bin/env python3
"""hold.py FITRUN HELPERS [--seeds N,N] [--shapes S,S] [--limits MIB,MIB]
[--tools make,ninja] [--others]: holding under a real memory limit.

Builds of 40 or 60 fake jobs that grow as compilers and linkers do, wanted 32
at a time:

  end    56 small compilations, then 4 links of 280 to 320 MiB
  rand   54 small compilations and 6 such links, shuffled
  tail   54 small jobs and 6 of 200 to 300 MiB under the same name, shuffled
  slow   40 jobs of 80 to 100 MiB that grow for nearly all of their time

Each is built by `fitrun TOOL -j32` twice from an empty state: with the bound
that is declared for a job alone, and with the peaks of that build. Printed is
the time in parts of what a scheduler takes that knows every peak and costs
nothing, and how many jobs the kernel killed. --others adds fixed counts, the
one that the worst job allows among them, and parallel --memfree.

Sizes are drawn from the seed before anything runs. Needs: python3, a writable
memory cgroup, make, ninja; a tool that is not there is SKIPPED.
"""

import argparse
import heapq
import math
import os
import random
import shutil
import sys
import tempfile

from limited import Limited, memory_cgroups

WANT = 32
OVERHEAD = 1.2  # MiB of a process beside what it takes
WORST = {"end": 322, "rand": 322, "tail": 322, "slow": 102}  # MiB, declared


class Job:
    def __init__(self, number, program, mib, seconds, ramp):
        self.name, self.program, self.mib = f"j{number}", program, mib
        self.ramp, self.rest = seconds * ramp, seconds * (1 - ramp)

    def words(self):
        return (f"./{self.program} {self.mib} {self.ramp:.2f} {self.rest:.2f} "
                f"{self.name}")


def draw(shape, seed):
    """What is built first, and what once all of that is there."""
    dice = random.Random(f"{shape} {seed}")

    def jobs(count, first, program, least, most, short, long, ramp):
        return [Job(first + i, program, dice.randint(least, most),
                    dice.uniform(short, long), ramp) for i in range(count)]

    if shape == "slow":
        return jobs(40, 0, "compile", 80, 100, 2, 3, .9), []
    small = jobs(56 if shape == "end" else 54, 0, "compile", 12, 32, .8, 2.2,
                 .6)
    if shape == "end":
        return small, jobs(4, 56, "link", 280, 320, 2, 3, .8)
    large = (jobs(6, 54, "link", 280, 320, 2, 3, .8) if shape == "rand" else
             jobs(6, 54, "compile", 200, 300, 2, 3, .8))
    both = small + large
    dice.shuffle(both)
    return both, []


def packing(jobs, cap):
    """Seconds without overhead: the largest that fits starts first."""
    waiting = sorted(jobs, key=lambda job: -job.mib)
    running, now, used = [], 0.0, 0.0
    while waiting or running:
        for job in list(waiting):
            if len(running) == WANT:
                break
            if used + job.mib + OVERHEAD <= cap:
                waiting.remove(job)
                used += job.mib + OVERHEAD
                heapq.heappush(running, (now + job.ramp + job.rest,
                                         job.mib + OVERHEAD))
        now, freed = heapq.heappop(running)
        used -= freed
    return now


def write_project(folder, helpers, first, then):
    for program in "compile", "link":
        os.symlink(f"{helpers}/grow", f"{folder}/{program}")
    os.mkdir(f"{folder}/.git")
    names = [job.name for job in first]
    with open(f"{folder}/Makefile", "w", encoding="ascii") as file:
        last = [job.name for job in then] or names
        file.write(f"all: {' '.join(last)}\n")
        for job in first:
            file.write(f"{job.name}:\n\t@{job.words()}\n")
        for job in then:
            file.write(f"{job.name}: {' '.join(names)}\n\t@{job.words()}\n")
    with open(f"{folder}/build.ninja", "w", encoding="ascii") as file:
        file.write("rule job\n  command = $words\n")
        for job in first:
            file.write(f"build {job.name}: job\n  words = {job.words()}\n")
        for job in then:
            file.write(f"build {job.name}: job | {' '.join(names)}\n"
                       f"  words = {job.words()}\n")
    with open(f"{folder}/list", "w", encoding="ascii") as file:
        file.write("".join(job.words() + "\n" for job in first))


class Case(Limited):
    def __init__(self, cgroups, words, shape, limit, seed):
        super().__init__(cgroups, f"{shape}-{limit}-{seed}", limit)
        self.fitrun, helpers = words.programs
        self.shape = shape
        self.first, self.then = draw(shape, seed)
        cap = limit * .95 - 8
        self.best = packing(self.first, cap) + packing(self.then, cap)
        write_project(self.folder, helpers, self.first, self.then)

    def parts(self, *words):
        """(seconds in parts of the best, kills)."""
        _, _, kills, seconds = self.run(*words)
        return seconds / self.best, kills

    def held(self, tool):
        """With the bound alone, then with the peaks of that."""
        keep = {"make": "-k", "ninja": "-k0"}[tool]
        with tempfile.TemporaryDirectory() as state:
            os.environ["FITRUN_STATE"] = state
            return [self.parts(self.fitrun, "--hold", "--per-worker",
                               f"{WORST[self.shape]}MiB", tool, keep, f"-j{WANT}")
                    for _ in range(2)]

    def fixed(self, count):
        return self.parts("make", "-k", f"-j{count}")


def shown(parts, kills):
    return f"{parts:6.2f}" if not kills else f"{kills:3} *  "


def geometric_mean(parts):
    return math.exp(sum(map(math.log, parts)) / len(parts))


def run_case(case, words, results):
    line = f"{case.limit:5} {case.shape:5} {case.best:6.1f} s"
    for tool in words.tools:
        if not shutil.which(tool):
            print(f"SKIPPED: no {tool} here")
            continue
        for what, result in zip(("bound", "peaks"), case.held(tool)):
            results.setdefault((tool, what), []).append(result)
            line += "  " + shown(*result)
    if words.others:
        worst = max(1, int(case.limit * .9 / WORST[case.shape]))
        for count in (2, 4, 8, 16, worst):
            line += "  " + shown(*case.fixed(count))
        if shutil.which("parallel") and not case.then:
            line += "  " + shown(*case.parts(
                "parallel", "--memfree", "128M", f"-j{WANT}", "-a", "list"))
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.replace("%", "%%"))
    parser.add_argument("programs", nargs=2)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--shapes", default="end,rand,tail,slow")
    parser.add_argument("--limits", default="512,1024")
    parser.add_argument("--tools", default="make,ninja")
    parser.add_argument("--others", action="store_true")
    words = parser.parse_args()
    words.programs = [os.path.abspath(path) for path in words.programs]
    words.tools = words.tools.split(",")
    os.environ.pop("FITRUN_HOLD", None)
    print("limit shape    best  " + "".join(
        f"  {tool + ',':6}{what}" for tool in words.tools
        for what in ("bound", "peaks")) + (
            "   fixed 2, 4, 8, 16, worst; parallel --memfree"
            if words.others else "") + "    (N *: so many killed)")
    results = {}
    with memory_cgroups() as cgroups:
        for seed in map(int, words.seeds.split(",")):
            for limit in map(int, words.limits.split(",")):
                for shape in words.shapes.split(","):
                    with Case(cgroups, words, shape, limit, seed) as case:
                        run_case(case, words, results)
    killed = 0
    for (tool, what), list_ in results.items():
        killed += sum(kills for _, kills in list_)
        print(f"{tool:6} {what}: geometric mean "
              f"{geometric_mean([parts for parts, _ in list_]):.2f}, killed "
              f"{sum(kills for _, kills in list_)} in {len(list_)} cases")
    return 1 if killed else 0


if __name__ == "__main__":
    sys.exit(main())
