#!/usr/bin/env python3
"""Real tools, as far as they are installed: where two workers fit, as many run,
whatever the command line asked for; and what make hands on stays."""
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap

FITRUN = os.environ["FITRUN"]

# One job: notes that it runs, and how many do.
JOB = """#!/bin/sh
mkdir -p running; : >running/$$; ls running | wc -l >>counts; sleep 0.4
rm running/$$
"""

FILES = {
    "Makefile": "all: a b c d e\na b c d e:\n\t@./job\n"
                "outer:\n\t+@FITRUN make all\nnested: ; @$(MAKE) all\n",
    "build.ninja": "rule job\n  command = ./job\n" +
                   "".join(f"build {x}: job\n" for x in "abcde"),
    "CMakeLists.txt": textwrap.dedent("""
        cmake_minimum_required(VERSION 3.22)
        project(example NONE)
        enable_testing()
        foreach(x a b c d e)
          add_custom_target(${x} ALL COMMAND ./job
                            WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
          add_test(NAME ${x} COMMAND ./job
                   WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        endforeach()
        """),
    "meson.build": "project('example')\nforeach x : ['a', 'b', 'c', 'd', 'e']\n"
                   "  test(x, find_program('./job'),\n"
                   "       workdir: meson.current_source_dir())\nendforeach\n",
    "SConstruct": "for x in 'abcde':\n"
                  "    AlwaysBuild(Command(x + '.out', [], './job'))\n",
    "test_x.py": "import subprocess, pytest\n"
                 "@pytest.mark.parametrize('n', range(5))\n"
                 "def test_x(n):\n    subprocess.check_call('./job')\n",
    "numbers": "1\n2\n3\n4\n5\n",
}

# Program, line for sh, the most jobs at once.
LINES = [
    ("make", "FITRUN make -j9", 2),
    ("make", "FITRUN make --jobs 9 -s", 2),
    ("make", "FITRUN make -j1", 1),
    ("make", "MAKEFLAGS=-j9 FITRUN make", 2),
    ("make", "FITRUN make nested", 2),
    ("make", "MAKEFLAGS=n FITRUN make", 0),
    ("make", "make -n outer", 0),
    ("make", "FITRUN stage.toml -- sh -c 'make -s'", 2),
    ("make", "MAKEFLAGS=n FITRUN stage.toml -- sh -c 'make -s'", 0),
    ("ninja", "FITRUN ninja", 2),
    ("ninja", "FITRUN ninja -vj9", 2),
    ("samu", "FITRUN samu -j 9", 2),
    ("cmake", "cmake -B m -G 'Unix Makefiles' >/dev/null; FITRUN cmake --build m", 2),
    ("cmake", "cmake -B m >/dev/null; FITRUN cmake --build m -- -j9", 2),
    ("cmake", "cmake -B m >/dev/null; FITRUN cmake --build m --parallel 9", 2),
    ("meson", "meson setup m >/dev/null; FITRUN meson test -C m", 2),
    ("meson", "meson setup m >/dev/null; "
              "FITRUN meson test -C m --num-processes 9", 2),
    ("ctest", "cmake -B m >/dev/null; FITRUN ctest --test-dir m -j 9", 2),
    ("ctest", "cmake -B m >/dev/null; CTEST_PARALLEL_LEVEL=9 FITRUN ctest --test-dir m", 2),
    ("xargs", "FITRUN xargs -n1 -P 9 ./job <numbers", 2),
    ("xargs", "FITRUN xargs -n1 ./job <numbers", 1),
    ("parallel", "FITRUN parallel -j 900% ./job <numbers", 2),
    ("scons", "FITRUN scons -j9 .", 2),
    ("pytest", "FITRUN pytest -q -n 9", 2),
    ("xz", "FITRUN xz -T9 -kc numbers >/dev/null", None),
    ("zstd", "FITRUN zstd -q -T9 -c numbers >/dev/null", None),
    ("pigz", "FITRUN pigz -p 9 -kc numbers >/dev/null", None),
    ("mksquashfs", "FITRUN mksquashfs numbers image -quiet", None),
    ("cargo", "FITRUN cargo build -j9 --help >/dev/null", None),
    ("go", "FITRUN go build -p 9 -n -x . 2>/dev/null; true", None),
]


def is_there(program):
    if program == "pytest":
        return subprocess.run(["pytest", "-n", "0", "--version"],
                              capture_output=True, check=False
                              ).returncode == 0 if shutil.which(program) else False
    return shutil.which(program) is not None


def most_at_once(line):
    """The status of the line, and the most jobs that ran at once."""
    with tempfile.TemporaryDirectory() as work:
        for name, text in FILES.items():
            with open(f"{work}/{name}", "w", encoding="utf-8") as file:
                file.write(text.replace("FITRUN", FITRUN))
        with open(work + "/job", "w", encoding="utf-8") as file:
            file.write(JOB)
        os.chmod(work + "/job", 0o755)
        with open(work + "/stage.toml", "w", encoding="utf-8") as file:
            file.write("[ram]\nper_worker = 1\n"
                       "[inject.env]\nMAKEFLAGS = \"-j<threads>\"\n")
        environment = {k: v for k, v in os.environ.items()
                       if "MAKE" not in k and k != "MFLAGS"}
        # 3 GB x 0.7 / 1 GB
        environment |= {"FITRUN_AVAILABLE": "ram=3GB", "FITRUN_LEASES": "off",
                        "FITRUN_HEADROOM": "0.7", "FITRUN_PER_WORKER": "1GB",
                        "FITRUN_FIXED": "0", "FITRUN_WANT": "9",
                        "FITRUN_HOLD": "off", "FITRUN_STATE": work + "/state",
                        "XDG_CONFIG_HOME": work}
        ended = subprocess.run(
            ["sh", "-c", line.replace("FITRUN ", FITRUN + " ")],
            cwd=work, env=environment, capture_output=True, text=True,
            check=False)
        try:
            with open(work + "/counts", encoding="utf-8") as file:
                most = max(int(count) for count in file)
        except FileNotFoundError:
            most = 0
        return ended, most


def main():
    failed = tried = 0
    for program, line, expected in LINES:
        if not is_there(program):
            print(f"SKIPPED: no {program}: {line}")
            continue
        tried += 1
        ended, most = most_at_once(line)
        if ended.returncode != 0 or expected not in (None, most):
            failed += 1
            print(f"{line}\n  status {ended.returncode}, {most} at once, not "
                  f"{expected}\n{ended.stdout}{ended.stderr}", file=sys.stderr)
    sys.exit(1 if failed else 0 if tried else 77)


main()
