#!/usr/bin/env python3
"""fit.py FITRUN HELPERS [--seed N] [--quick]: how good counts are, by survival.

Under real memory limits, jobs of known shape are run with the counts that
several rules choose. A rule's throughput is its count as a share of the largest
count that survives three times, and 0 where one of three runs is killed:

  learned   fitrun, with costs and headroom as `fitrun measure --write` left them
  declared  fitrun, with the exact costs and the default headroom of 0.7
  want      as many workers as a machine of 32 CPUs would start
  RPM       min(want, MemTotal / cost), as RPM 4.19's %{getncpus:proc}
  LLVM      min(want, free memory of the host / cost), as LLVM's link jobs

RPM's and LLVM's formulas are given the exact cost of a worker. "at most" is no
rule but arithmetic: the count that 0.95 of the limit holds by the exact costs,
for a learned headroom is never above 0.95.

The cases are drawn before anything runs: for each limit and shape, bytes per
worker from 4 to 128 MiB, evenly by their logarithm, and a fixed part from 0 to
30 % of the smallest limit. Each case that is drawn counts. --quick does the
first one, to see that this works. Needs: python3, a writable memory cgroup.
"""

import argparse
import os
import random
import statistics
import sys

from limited import Limited, by_host, memory_cgroups

WANT = 32
LIMITS = (256, 512, 1024)  # MiB
# All of tests/helpers/eat but "split-work", whose memory does not grow with the
# count, and "orphans", which wait forever for one of them that was killed.
SHAPES = ("threads", "processes", "thread-spike", "process-spike", "page-cache",
          "mapped-file", "shared-memory", "copy-on-write", "tmpfs", "programs",
          "short-tasks")
RULES = ("learned", "declared", "want", "RPM", "LLVM")


def draw(dice, limit, shape):
    """(fixed, per worker) in MiB, or None where that is no job."""
    per_worker = round(4 * 32 ** dice.random())
    # The workers of this shape change so much of the fixed part.
    least = per_worker if shape == "copy-on-write" else 0
    most = LIMITS[0] * 30 // 100
    fixed = least + int(dice.random() * (most - least + 1))
    if least > most or fixed + per_worker > limit:
        return None
    return fixed, per_worker


def draw_all(seed):
    """([(limit, shape, fixed, per worker)], how many were drawn again)."""
    dice = random.Random(seed)
    cases, again = [], 0
    for limit in LIMITS:
        for shape in SHAPES:
            while not (costs := draw(dice, limit, shape)):
                again += 1
            cases.append((limit, shape, *costs))
    return cases, again


class Case(Limited):
    def __init__(self, cgroups, programs, drawn):
        limit, shape, self.fixed, self.per_worker = drawn
        super().__init__(cgroups, f"{limit}-{shape}", limit)
        self.fitrun, helpers = programs
        self.command = [f"{helpers}/eat", shape, "<threads>", str(self.fixed),
                        str(self.per_worker), "120", self.folder]

    def holds(self, count):
        return self.survives(*(str(count) if word == "<threads>" else word
                               for word in self.command))

    def held_by(self, mib):
        return max(1, min(WANT, int((mib - self.fixed) // self.per_worker)))

    def largest(self):
        """From above what the arithmetic says down, and up where that survives."""
        count = min(WANT, self.held_by(self.limit) + 2)
        while count > 1 and not self.holds(count):
            count -= 1
        while count < WANT and self.holds(count + 1):
            count += 1
        return count

    def planned(self, stage):
        status, text, *_ = self.run(self.fitrun, "plan", "--format", "threads", stage)
        assert status == 0, text
        return int(text.split()[0])

    def stage(self, name, costs):
        path = f"{self.folder}/{name}.toml"
        with open(path, "w", encoding="ascii") as file:
            file.write(f"want = {WANT}\n[ram]\n{costs}")
        return path

    def learned(self):
        stage = self.stage("learned", "")
        status, text, *_ = self.run(self.fitrun, "measure", "-q", "--write",
                                    stage, "--", *self.command)
        assert status == 0, text
        return self.planned(stage)

    def declared(self):
        return self.planned(self.stage(
            "declared", f'fixed = "{self.fixed}MiB"\n'
                        f'per_worker = "{self.per_worker}MiB"\n'))

    def shares(self):
        """(the largest count, {rule: (count, its share, 0 where killed)})."""
        counts = dict(zip(RULES, (
            self.learned(), self.declared(), WANT, *(min(WANT, by_host(key, self.per_worker))
              for key in ("MemTotal", "MemFree")))))
        largest = self.largest()
        alive = {count: self.holds(count) for count in set(counts.values())}
        # Where the workers do not meet, more of them can be lucky.
        largest = max(largest, *(count for count in alive if alive[count]))
        shares = {rule: (count, count / largest if alive[count] else 0)
                  for rule, count in counts.items()}
        most = min(largest, self.held_by(0.95 * self.limit))
        return largest, {**shares, "at most": (most, most / largest)}


def row(title, cells):
    print(f"{title:48}" + "".join(f"{cell:>11}" for cell in cells), flush=True)


def report(results):
    """`results`: for each case, (the largest count, a share for each rule)."""
    def means(cases):
        return [f"{statistics.mean(shares):.3f}" for shares in zip(*cases)]
    every = [shares for _, shares in results]
    bound = [shares for largest, shares in results if largest < WANT]
    row(f"mean of {len(every)} cases", means(every))
    row(f"mean of the {len(bound)} in which {WANT} do not fit", means(bound))
    row("worst", [f"{min(shares):.2f}" for shares in zip(*every)])
    row("killed", [shares.count(0) for shares in zip(*every)])


def main():
    parser = argparse.ArgumentParser(usage=__doc__.replace("%", "%%"))
    parser.add_argument("programs", nargs=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    words = parser.parse_args()
    programs = [os.path.abspath(path) for path in words.programs]
    os.environ["FITRUN_LEASES"] = "off"
    cases, again = draw_all(words.seed)
    print(f"seed {words.seed}: {len(cases)} cases, {again} draws were drawn again")
    row("limit    shape          fixed + a worker  largest", [*RULES, "at most"])
    results = []
    with memory_cgroups() as cgroups:
        for drawn in cases[:1] if words.quick else cases:
            limit, shape, fixed, per_worker = drawn
            with Case(cgroups, programs, drawn) as case:
                largest, of_rule = case.shares()
            row(f"{limit:4} MiB {shape:14} {fixed:3} + {per_worker:3} MiB"
                f"     {largest:7}",
                [f"{count} {share:.2f}" if share else f"{count} killed"
                 for count, share in of_rule.values()])
            results.append((largest, [share for _, share in of_rule.values()]))
    report(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
