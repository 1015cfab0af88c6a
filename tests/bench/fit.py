#!/usr/bin/env python3
"""fit.py FITRUN HELPERS [--quick]: how good a count is, by whether it survives.

Under real memory limits, jobs of known shape are run with the counts that
several rules choose. A rule's throughput is its count as a share of the largest
count that survives three times, and 0 where one of three runs is killed:

  learned   fitrun, with costs and headroom as `fitrun measure --write` left them
  declared  fitrun, with the exact costs and the default headroom of 0.7
  want      as many workers as a machine of 32 CPUs would start
  RPM       min(want, MemTotal / cost), as RPM 4.19's %{getncpus:proc}
  LLVM      min(want, free memory of the host / cost), as LLVM's link jobs

RPM's and LLVM's formulas are given the exact cost of a worker. --quick does one
case, to see that this works. Needs: python3, a writable memory cgroup.
"""

import os
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../e2e/lib"))
sys.dont_write_bytecode = True

from cgroups import find_home, run_in  # noqa: E402

MIB = 1 << 20
WANT = 32
LIMITS = (256, 512, 1024)  # MiB
# Fixed and per worker, MiB: from nearly all of it in the workers to nearly none.
SHAPES = {
    "processes": (10, 50),
    "page-cache": (20, 40),
    "process-spike": (30, 30),
    "copy-on-write": (40, 20),
    "shared-memory": (50, 10),
}
RULES = ("learned", "declared", "want", "RPM", "LLVM")


class Case:
    def __init__(self, cgroup, folder, fitrun, eat, shape):
        self.cgroup = cgroup
        self.folder = folder
        self.fitrun = fitrun
        self.fixed, self.per_worker = SHAPES[shape]
        self.command = [eat, shape, "<threads>", str(self.fixed),
                        str(self.per_worker), "120", folder]

    def survives(self, count):
        words = [str(count) if w == "<threads>" else w for w in self.command]
        return all(run_in(self.cgroup, *words)[0] == 0 for _ in range(3))

    def largest(self, limit):
        count = min(WANT, (limit - self.fixed) // self.per_worker + 1)
        while count > 1 and not self.survives(count):
            count -= 1
        return count

    def planned(self, stage):
        status, text = run_in(self.cgroup, self.fitrun, "plan", "--format",
                              "threads", stage)
        assert status == 0, text
        return int(text.split()[0])

    def stage(self, name, costs):
        path = f"{self.folder}/{name}.toml"
        with open(path, "w", encoding="ascii") as file:
            file.write(f"want = {WANT}\n[ram]\n{costs}")
        return path

    def learned(self):
        stage = self.stage("learned", "")
        status, text = run_in(self.cgroup, self.fitrun, "measure", "-q",
                              "--write", stage, "--", *self.command)
        assert status == 0, text
        return self.planned(stage)

    def declared(self):
        return self.planned(self.stage(
            "declared", f'fixed = "{self.fixed}MiB"\n'
                        f'per_worker = "{self.per_worker}MiB"\n'))


def host_memory(key):
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    raise KeyError(key)


def counts_of(case):
    by_host = {rule: max(1, min(WANT, host_memory(key) //
                                (case.per_worker * MIB)))
               for rule, key in (("RPM", "MemTotal"), ("LLVM", "MemFree"))}
    return {"learned": case.learned(), "declared": case.declared(),
            "want": WANT, **by_host}


def row_text(limit, shape, largest, cells):
    return f"{limit:5} MiB  {shape:14} {largest:7}  " + "".join(
        f"{cell:>14}" for cell in cells)


def main():
    words = [word for word in sys.argv[1:] if word != "--quick"]
    quick = "--quick" in sys.argv
    if len(words) != 2:
        sys.exit(__doc__)
    fitrun = os.path.abspath(words[0])
    eat = os.path.abspath(os.path.join(words[1], "eat"))
    cgroups = find_home()
    if isinstance(cgroups, str):
        print(f"SKIPPED: no memory cgroup can be made: {cgroups}")
        return 77
    os.environ["FITRUN_LEASES"] = "off"
    shares = {rule: [] for rule in RULES}
    killed = dict.fromkeys(RULES, 0)
    print(row_text(0, "shape", 0, RULES).replace("    0 MiB", "limit    ")
          .replace("      0  ", "largest  "))
    try:
        cgroups.hand_down(cgroups.home)
        for limit in LIMITS[:1] if quick else LIMITS:
            for shape in list(SHAPES)[:1] if quick else SHAPES:
                cgroup = cgroups.make(cgroups.home, f"{limit}-{shape}",
                                      limit=limit * MIB)
                with tempfile.TemporaryDirectory() as folder:
                    case = Case(cgroup, folder, fitrun, eat, shape)
                    counts = counts_of(case)
                    largest = case.largest(limit)
                    cells = []
                    for rule in RULES:
                        count = counts[rule]
                        alive = count <= largest and case.survives(count)
                        killed[rule] += not alive
                        shares[rule].append(count / largest if alive else 0)
                        cells.append(f"{count} {shares[rule][-1]:.2f}" if alive
                                     else f"{count} killed")
                    print(row_text(limit, shape, largest, cells), flush=True)
                cgroups.remove(cgroup)
    finally:
        cgroups.remove(cgroups.home)
    means = [f"{statistics.mean(shares[rule]):.3f}" for rule in RULES]
    print(f"{'mean':40}" + "".join(f"{mean:>14}" for mean in means))
    print(f"{'killed':40}" + "".join(f"{killed[rule]:>14}" for rule in RULES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
