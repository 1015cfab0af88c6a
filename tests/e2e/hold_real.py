#!/usr/bin/env python3
"""Real programs under a memory limit that their jobs together do not fit in:
without fitrun the kernel kills some, with it all end well. Nothing is declared."""
import os
import shutil
import subprocess
import tempfile

from holdlib import FITRUN, kills
from leaselib import MIB, Skip, cgroup, enter, run

LIMIT = 256 * MIB
LARGE, SMALL = 3, 6
# A compiler keeps each of these numbers: 150 MiB in a second.
NUMBERS = 550_000

CMAKE = """
cmake_minimum_required(VERSION 3.22)
project(generated CXX)
add_library(generated OBJECT {sources})
"""
TESTS = """
import time, pytest
@pytest.mark.parametrize("n", range(6))
def test_memory(n):
    kept = b"x" * (80 << 20)
    time.sleep(0.5)
"""


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"no {program} here")


def in_limit(w, folder, *words):
    """The status, what was killed, and what was said."""
    with cgroup(LIMIT) as group:
        p = w.popen(words, cwd=folder, preexec_fn=enter(group),
                    stderr=subprocess.STDOUT)
        out = p.communicate(timeout=120)[0]
        return p.returncode, kills(group), out


def survives_held(w, folder, words):
    w.env.update(XDG_CONFIG_HOME=w.scratch, FITRUN_STATE=w.scratch + "/state",
                 MAGICK_THREAD_LIMIT="1", CCACHE_DISABLE="1")
    w.env.pop("FITRUN_HOLD", None)
    status, killed, out = in_limit(w, folder, FITRUN, *words)
    assert status == 0 and killed == 0, (status, killed, out)


def shows_something(w, folder, words):
    """The same without fitrun."""
    _, killed, out = in_limit(w, folder, *words)
    assert killed > 0, "it fits without fitrun, and shows nothing: " + out


def project(w, generator):
    """Sources of which some take much, made ready to build in its `b`."""
    folder = tempfile.mkdtemp(dir=w.scratch)
    sources = [f"large{i}.cpp" for i in range(LARGE)]
    for name in sources:
        with open(f"{folder}/{name}", "w", encoding="ascii") as f:
            f.write(f"int {name[:-4]}[] = {{"
                    + ",".join(map(str, range(NUMBERS))) + "};\n")
    for i in range(SMALL):
        sources.insert(i, f"small{i}.cpp")
        with open(f"{folder}/small{i}.cpp", "w", encoding="ascii") as f:
            f.write(f"int small{i}() {{ return {i}; }}\n")
    with open(folder + "/CMakeLists.txt", "w", encoding="ascii") as f:
        f.write(CMAKE.format(sources=" ".join(sources)))
    subprocess.run(["cmake", "-B", "b", "-G", generator,
                    "-DCMAKE_CXX_COMPILER_WORKS=1",
                    "-DCMAKE_CXX_COMPILER_LAUNCHER="], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    return folder


def test_make_and_cmake(w):
    need("make", "cmake", "g++")
    folder = project(w, "Unix Makefiles")
    make = ["make", "-C", "b", "-j9"]
    survives_held(w, folder, make)
    subprocess.run(["make", "-C", "b", "-s", "clean"], cwd=folder, check=True)
    survives_held(w, folder, ["cmake", "--build", "b", "-j", "9"])
    subprocess.run(["make", "-C", "b", "-s", "clean"], cwd=folder, check=True)
    shows_something(w, folder, make)


def test_ninja(w):
    need("ninja", "cmake", "g++")
    folder = project(w, "Ninja")
    ninja = ["ninja", "-C", "b", "-j9"]
    survives_held(w, folder, ninja)
    subprocess.run([*ninja, "clean"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    shows_something(w, folder, ninja)


def test_xargs_with_imagemagick(w):
    need("xargs", "/usr/bin/convert")
    with open(w.scratch + "/numbers", "w", encoding="ascii") as f:
        f.write("0\n1\n2\n3\n4\n")
    # 100 MiB each.
    xargs = ["xargs", "-a", "numbers", "-P5", "-I%", "/usr/bin/convert",
             "-size", "2000x2000", "gradient:", "-blur", "0x2", "null:"]
    survives_held(w, w.scratch, xargs)
    shows_something(w, w.scratch, xargs)


def test_pytest_xdist(w):
    need("pytest")
    if subprocess.run(["pytest", "-n", "0", "--version"], capture_output=True,
                      check=False).returncode != 0:
        raise Skip("no pytest-xdist here")
    with open(w.scratch + "/test_memory.py", "w", encoding="ascii") as f:
        f.write(TESTS)
    # Its workers take one test after another: of them as many start as fit.
    pytest = ["pytest", "-q", "-p", "no:cacheprovider", "-n", "6"]
    survives_held(w, w.scratch, pytest)
    shows_something(w, w.scratch, pytest)


run(globals())
