#!/usr/bin/env python3
"""picture.py FITRUN HELPERS FILE.svg: draws memory over time under a real limit
of 512 MiB, with fitrun and without.

  photos  16 pictures that ImageMagick reads and shrinks: `parallel --memfree
          200M -j16` and `fitrun xargs -P16`
  build   the build "tail" of hold.py, seed 1: `make -k -j32` and `fitrun make
          -k -j32`

fitrun runs twice, and the second is drawn, which knows the peaks of the first;
nothing else is told to it. A cross is a job that the kernel killed. The memory is
what the control group counts, cache included. Needs: a writable memory cgroup,
make, GNU parallel, ImageMagick; what is not there is SKIPPED.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
import types

from hold import Case, WANT
from limited import Limited, memory_cgroups, read

LIMIT = 512  # MiB
PHOTOS = 16
PERIOD = 0.05  # seconds
PLAIN, OURS, INK = "#c0392b", "#1f5fbf", "#24292f"
WIDTH, HEIGHT = 430, 300  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 64, 40
PHOTO = """#!/bin/sh
exec convert -size 2500x2500 gradient:red-blue -resize 99% photo$1.png
"""


class Trace:
    """The memory of a control group from now on, and when the kernel killed."""

    def __init__(self, limited):
        self.limited, self.usage, self.kills = limited, [], []
        self.file = f"{limited.cgroup}/" + (
            "memory.usage_in_bytes" if limited.cgroups.version == 1
            else "memory.current")
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        begin, killed = time.monotonic(), self.limited.kills()
        while not self.ended.wait(PERIOD):
            now = time.monotonic() - begin
            mib = int(read(self.file)) / 2**20
            self.usage.append((now, mib))
            kills = self.limited.kills()
            self.kills += [(now, mib)] * (kills - killed)
            killed = kills

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def traced(limited, *words):
    with Trace(limited) as trace:
        trace.status, trace.said, _, trace.seconds = limited.run(*words)
    return trace


def second_of_two(limited, *words):
    with tempfile.TemporaryDirectory() as state:
        os.environ["FITRUN_STATE"] = state
        limited.run(*words)
        return traced(limited, *words)


def photos(cgroups, fitrun):
    """(with GNU parallel, with fitrun, what is drawn)."""
    os.environ["MAGICK_THREAD_LIMIT"] = "1"
    with Limited(cgroups, "photos", LIMIT) as limited:
        script = f"{limited.folder}/photo"
        with open(script, "w", encoding="ascii") as file:
            file.write(PHOTO)
        os.chmod(script, 0o755)
        with open(f"{limited.folder}/list", "w", encoding="ascii") as file:
            file.write("".join(f"{n}\n" for n in range(PHOTOS)))

        def done(trace):
            made = [name for name in os.listdir(limited.folder)
                    if name.endswith(".png")]
            for name in made:
                os.remove(f"{limited.folder}/{name}")
            trace.done = f"{len(made)} of {PHOTOS} photos"
            return trace

        plain = done(traced(limited, "parallel", "--memfree", "200M", "-j16",
                            "-a", "list", script))
        ours = done(second_of_two(limited, fitrun, "xargs", "-a", "list",
                                  "-n1", f"-P{PHOTOS}", script))
    return ("16 photos in 512 MiB", "parallel --memfree 200M -j16", plain,
            "fitrun xargs -P16", ours)


def build(cgroups, fitrun, helpers):
    words = types.SimpleNamespace(programs=[fitrun, helpers])
    make = ("make", "-k", f"-j{WANT}")
    with Case(cgroups, words, "tail", LIMIT, 1) as case:
        plain, ours = traced(case, *make), second_of_two(case, fitrun, *make)
        jobs = len(case.first)
        for trace in plain, ours:
            trace.done = f"{jobs - len(trace.kills)} of {jobs} jobs"
    return ("a build of 60 jobs in 512 MiB", " ".join(make), plain,
            "fitrun " + " ".join(make), ours)


def text(x, y, words, color=INK, size=12, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" font-size="{size}" '
            f'text-anchor="{anchor}" font-weight="{weight}">{words}</text>')


def panel(at, title, plain_words, plain, our_words, ours):
    longest = max(plain.usage[-1][0], ours.usage[-1][0])
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(seconds):
        return at + LEFT + wide * seconds / longest

    def y(mib):
        return TOP + high * (1 - mib / (LIMIT * 1.08))

    parts = [text(at + LEFT, 18, title, size=14, weight="bold")]
    for line, (color, words, trace) in enumerate(
            ((PLAIN, plain_words, plain), (OURS, our_words, ours))):
        kills = len(trace.kills)
        parts.append(text(
            at + LEFT, 36 + 16 * line,
            f"{words}: {trace.done}, {kills or 'none'} killed, "
            f"{trace.seconds:.0f} s", color))
    for mib in 0, 128, 256, 384:
        parts.append(f'<path d="M{at + LEFT} {y(mib):.1f}h{wide}" '
                     'stroke="#d8dee4"/>')
        parts.append(text(at + LEFT - 6, y(mib) + 4, mib, anchor="end"))
    parts.append(f'<path d="M{at + LEFT} {y(LIMIT):.1f}h{wide}" '
                 f'stroke="{INK}" stroke-dasharray="5 3"/>')
    parts.append(text(at + LEFT - 6, y(LIMIT) + 4, LIMIT, anchor="end"))
    parts.append(text(at + WIDTH - RIGHT, y(LIMIT) - 4, "limit", anchor="end"))
    step = 5 if longest < 40 else 10 if longest < 80 else 20
    for seconds in range(0, int(longest) + 1, step):
        parts.append(text(x(seconds), HEIGHT - BOTTOM + 16, seconds,
                          anchor="middle"))
    parts.append(text(at + LEFT + wide / 2, HEIGHT - 6, "seconds",
                      anchor="middle"))
    for color, trace in ((PLAIN, plain), (OURS, ours)):
        points = " ".join(f"{x(seconds):.1f},{y(mib):.1f}"
                          for seconds, mib in trace.usage)
        parts.append(f'<polyline points="{points}" fill="none" '
                     f'stroke="{color}" stroke-width="1.5"/>')
        for seconds, mib in trace.kills:
            parts.append(f'<path d="M{x(seconds) - 4:.1f} {y(mib) - 4:.1f}l8 8'
                         f'm0-8l-8 8" stroke="{color}" stroke-width="2"/>')
    return "\n".join(parts)


def svg(panels):
    width = WIDTH * len(panels)
    drawn = "\n".join(panel(WIDTH * i, *one) for i, one in enumerate(panels))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" '
            'font-family="system-ui, sans-serif">\n'
            '<title>Memory over time, in MiB: without fitrun and with '
            'it</title>\n'
            f'<rect width="{width}" height="{HEIGHT}" rx="6" fill="#ffffff"/>\n'
            f"{drawn}\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.replace("%", "%%"))
    parser.add_argument("fitrun", type=os.path.abspath)
    parser.add_argument("helpers", type=os.path.abspath)
    parser.add_argument("file")
    words = parser.parse_args()
    for program in "make", "parallel", "convert":
        if not shutil.which(program):
            print(f"SKIPPED: no {program} here")
            return 77
    os.environ.pop("FITRUN_HOLD", None)
    with memory_cgroups() as cgroups:
        panels = [photos(cgroups, words.fitrun),
                  build(cgroups, words.fitrun, words.helpers)]
    with open(words.file, "w", encoding="ascii") as file:
        file.write(svg(panels))
    for title, _, plain, _, ours in panels:
        for trace in plain, ours:
            print(f"{title}: {trace.done}, {len(trace.kills)} killed, "
                  f"{trace.seconds:.1f} s, peak "
                  f"{max(mib for _, mib in trace.usage):.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
