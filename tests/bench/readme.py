#!/usr/bin/env python3
"""readme.py FITRUN: the build that the README begins with. 40 C++ files and 1 GiB
to compile them in: plain `make -k -j16`, then `fitrun make -j16` twice, of which the
second knows what the first has seen.

Needs: a writable memory cgroup, make, g++ 12 or later.
"""

import os
import sys
import tempfile

from limited import Limited, memory_cgroups

FILES = 40
MAKEFILE = """objects := $(patsubst %.cpp,%.o,$(wildcard *.cpp))
all: $(objects)
%.o: %.cpp
\tg++ -std=c++20 -c $< -o $@
clean:
\trm -f *.o
"""
SOURCE = "#include <filesystem>\n#include <regex>\nint f(int n) { return n + 1; }\n"


def build(limited, *words):
    limited.run("make", "-s", "clean")
    status, said, kills, seconds = limited.run(*words)
    print(f"$ {' '.join(words)}    # status {status}, "
          f"{kills} killed, {seconds:.0f} s")
    for line in said.splitlines():
        if line.startswith("[budget"):
            print(line)


def main():
    fitrun = os.path.abspath(sys.argv[1])
    with memory_cgroups() as cgroups, Limited(cgroups, "build", 1024) as limited, \
            tempfile.TemporaryDirectory() as state:
        os.environ["FITRUN_STATE"] = state
        for number in range(FILES):
            with open(f"{limited.folder}/f{number}.cpp", "w", encoding="utf-8") as out:
                out.write(SOURCE)
        with open(f"{limited.folder}/Makefile", "w", encoding="utf-8") as out:
            out.write(MAKEFILE)
        build(limited, "make", "-k", "-j16")
        build(limited, fitrun, "make", "-j16")
        build(limited, fitrun, "make", "-j16")


main()
