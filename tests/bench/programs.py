#!/usr/bin/env python3
"""programs.py FITRUN [NAME...]: learned costs of programs that people run.

In a real cgroup of 1 GiB each program is measured, and then run with the count
that fitrun chooses from what was learned: it must end well, with no kill, and
its peak must be at least 60 % of the budget. Names: xz, sort, build, imagemagick.

Needs: python3, a writable memory cgroup, and the program (skipped without).
"""

import json
import os
import shutil
import sys

from limited import Limited, memory_cgroups

LIMIT = 1024  # MiB
WANT = 32
FITRUN = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
LEAST_USED = 0.6


def xz(folder):
    """Threads of one process, each with a block in and a block out."""
    with open(f"{folder}/data", "wb") as file:
        # A sixteenth of it takes work: fast, and no thread is done before the
        # last has begun.
        for _ in range(WANT * 24 << 8):
            file.write(os.urandom(256) + bytes(3840))
    return ["sh", "-c", 'xz -0 -T "$1" --block-size=24MiB -c data >/dev/null',
            "sh", "<threads>"]


def sort(folder):
    """One process, whose buffer is given as so much for each thread."""
    with open(f"{folder}/lines", "wb") as file:
        for i in range(900_000):
            file.write(b"%016x%s\n" % (i * 0x9E3779B97F4A7C15 % 2**64, b"x" * 983))
    return ["sh", "-c", 'LC_ALL=C sort --parallel="$1" -S $(($1 * 40))M -T . '
            "lines >/dev/null", "sh", "<threads>"]


def build(folder):
    """make with compilers, as many at a time as there are jobs."""
    names = [f"unit{i}" for i in range(WANT)]
    for name in names:
        with open(f"{folder}/{name}.cpp", "w", encoding="ascii") as file:
            file.write("#include <functional>\n#include <iostream>\n"
                       "#include <map>\n#include <regex>\n"
                       f"bool {name}(const std::string& s) "
                       '{ return std::regex_match(s, std::regex("a+")); }\n')
    with open(f"{folder}/Makefile", "w", encoding="ascii") as file:
        file.write(f"all: {' '.join(names)}\n"
                   "unit%:\n\t@g++ -fsyntax-only $@.cpp\n")
    return ["make", "-s", "-j<threads>"]


def imagemagick(folder):
    """A batch of pictures, one process each."""
    with open(f"{folder}/list", "w", encoding="ascii") as file:
        file.write("\n".join(map(str, range(WANT))))
    return ["sh", "-c", 'xargs -a list -P "$1" -I% /usr/bin/convert -size '
            "2000x2000 gradient: -negate null:", "sh", "<threads>"]


PROGRAMS = {"xz": (xz, "xz"), "sort": (sort, "sort"), "build": (build, "g++"),
            "imagemagick": (imagemagick, "/usr/bin/convert")}


class Program(Limited):
    def fitrun(self, *words):
        status, text, *_ = self.run(FITRUN, *words)
        if status != 0:
            raise AssertionError(
                f"{' '.join(words[:3])} ended with {status}: {text}")
        return text


def check(program, make):
    command = make(program.folder)
    with open(f"{program.folder}/s.toml", "w", encoding="ascii") as file:
        file.write(f"want = {WANT}\n[ram]\n")
    program.fitrun("measure", "-q", "--write", "s.toml", "--", *command)
    plan = json.loads(program.fitrun("plan", "--format", "json", "s.toml", "--",
                                     *command))
    pool = plan["pools"][0]
    program.fitrun("-q", "s.toml", "--", *command)
    again = json.loads(program.fitrun(
        "measure", "-q", "--format", "json", "--repeat", "1", "--counts",
        str(plan["threads"]), "s.toml", "--", *command))
    if not again["runs"]:
        raise AssertionError(f"killed: {again['notes']}")
    used = again["runs"][0]["peak"] / pool["budget"]
    figures = (f"{plan['threads']:3} workers of {pool['per_worker'] >> 20} MiB, "
               f"fixed {pool['fixed'] >> 20} MiB, headroom {pool['headroom']}, "
               f"peak {used:.0%} of the budget, limited by {plan['limited_by']}")
    if used < LEAST_USED:
        raise AssertionError("too little is used: " + figures)
    return figures


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    os.environ["FITRUN_LEASES"] = "off"
    failed = False
    with memory_cgroups() as cgroups:
        for name in sys.argv[2:] or PROGRAMS:
            make, needed = PROGRAMS[name]
            if not shutil.which(needed):
                print(f"SKIPPED {name}: no {needed} here")
                continue
            with Program(cgroups, name, LIMIT) as program:
                try:
                    print(f"ok   {name:12} {check(program, make)}", flush=True)
                except AssertionError as error:
                    print(f"FAIL {name:12} {error}", flush=True)
                    failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
