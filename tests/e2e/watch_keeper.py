#!/usr/bin/env python3
"""The keeper of --watch: it costs little, keeps nothing open, and does its work
where the kernel or a sandbox refuses it what it asks for.

Needs: python3 (standard library only), strace.
"""

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

FITRUN = os.path.abspath(os.environ["FITRUN"])
STAGE = '[ram]\nper_worker = "1MB"\n'
DEADLINE = 60  # seconds; what is waited for takes some milliseconds


def check(condition, what, *shown):
    if not condition:
        raise AssertionError(what + ": " + " ".join(map(str, shown)))


def within_deadline(condition, what):
    end = time.monotonic() + DEADLINE
    while not condition():
        check(time.monotonic() < end, "not in time", what)
        time.sleep(0.01)


def name_of(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read().rstrip("\n")


class Place:
    """A folder with a stage and the records of its runs."""

    def __init__(self, folder):
        self.folder = folder
        self.stage = f"{folder}/s.toml"
        with open(self.stage, "w", encoding="ascii") as file:
            file.write(STAGE)
        os.environ.update(FITRUN_STATE=f"{folder}/state", FITRUN_LEASES="off")

    def command(self, *words):
        return [FITRUN, "-q", "--watch", self.stage, "--", *words, "<threads>"]

    def lines(self):
        with contextlib.suppress(FileNotFoundError):
            with open(f"{self.folder}/state/runs.jsonl",
                      encoding="ascii") as file:
                return [json.loads(line) for line in file]
        return []

    def ends(self):
        return [line for line in self.lines() if "checkpoint" not in line]

    def keepers(self):
        """Those of runs here, by the variable that they were started with."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                    named = file.read() == "fitrun-keeper\n"
                if named:
                    with open(f"/proc/{pid}/environ", "rb") as file:
                        if f"{self.folder}/".encode() in file.read():
                            found.append(int(pid))
        return found

    def wait_for_keeper(self):
        within_deadline(lambda: not self.keepers(), "the keeper's end")


def holds_nothing(place):
    """Of the caller's and the command's: pipes, a file, a folder."""
    read, write = os.pipe()
    with open(place.stage, encoding="ascii") as extra:
        child = subprocess.Popen(place.command("cat"), stdin=subprocess.PIPE,
                                 stdout=write, stderr=write, cwd=place.folder,
                                 pass_fds=[extra.fileno()])
        os.close(write)
        # Before, the child that starts the keeper may still have its name.
        within_deadline(lambda: name_of(child.pid) == "cat", "the command")
        (keeper,) = place.keepers()

        def links():
            held = set()
            for name in os.listdir(f"/proc/{keeper}/fd"):
                with contextlib.suppress(OSError):
                    held.add(os.readlink(f"/proc/{keeper}/fd/{name}"))
            return held
        # The pipe by which it learns of the start, and a pidfd.
        pipes = {os.readlink(f"/proc/self/fd/{read}"),
                 os.readlink(f"/proc/self/fd/{child.stdin.fileno()}")}
        within_deadline(lambda: not links() & pipes, "descriptors closed")
        # Beside them the counters of its memory group.
        kept = {link.split(":")[0] for link in links()
                if not link.startswith("/sys/fs/cgroup/")}
        check(kept <= {"/dev/null", "pipe", "anon_inode"}, "held", links())
        check(os.readlink(f"/proc/{keeper}/cwd") == "/", "its folder")
        with open(f"/proc/{keeper}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        check(int(fields[1]) not in (child.pid, os.getpid()), "its parent")
        check(int(fields[3]) != os.getsid(0), "its session")
    child.stdin.close()
    child.wait()
    os.close(read)
    place.wait_for_keeper()
    check(len(place.ends()) == 1, "records", place.lines())


def nobody_reads(place):
    """Standard error is a pipe that is full: the record is written."""
    before = len(place.ends())
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 4096)
    os.set_blocking(write, True)
    subprocess.run(place.command("true"), stderr=write, check=True)
    place.wait_for_keeper()
    check(len(place.ends()) == before + 1, "records", place.lines())
    os.close(read)
    os.close(write)


def refused(place, *calls):
    """The system calls that a traced launch and its keeper made."""
    before = len(place.ends())
    trace = f"{place.folder}/trace"
    faults = [f"--inject={call}:error=EPERM" for call in calls]
    watched = "--trace=close,wait4," + ",".join(calls)
    start = time.monotonic()
    done = subprocess.run(["strace", "-f", "-qq", "-o", trace, watched,
                           *faults, *place.command("sh", "-c", "sleep 0.5")],
                          timeout=4 * DEADLINE, check=False)
    # strace ends with the last of those it follows.
    elapsed = time.monotonic() - start
    check(done.returncode == 0, "status", calls, done)
    check(len(place.ends()) == before + 1, "records", calls, place.lines())
    seconds = place.ends()[-1]["seconds"]
    check(0.4 < seconds < DEADLINE, "the length of the run", seconds)
    with open(trace, encoding="ascii", errors="replace") as file:
        lines = file.readlines()
    check(any("(INJECTED)" in line for line in lines), "not asked for", calls)
    # Some hundred: it neither spins nor tries every number that there may be.
    check(len(lines) < 3000, "calls", calls, len(lines))
    check(elapsed < DEADLINE, "time", calls, elapsed)


def everything_is_refused(place):
    if not shutil.which("strace"):
        return "strace is not here"
    if subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"],
                      stderr=subprocess.DEVNULL, check=False).returncode:
        return "strace may not trace here"
    # What the old way would have tried to close, one by one.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    check(hard > 3000, "the limit of descriptors is too small to see", hard)
    refused(place, "close_range")
    refused(place, "poll")
    refused(place, "pidfd_open")
    refused(place, "close_range", "pidfd_open", "poll")
    return None


AS_INIT = """
import os, sys, time
assert os.getpid() == 1
try:
    print("waited for", os.wait())
except ChildProcessError:
    print("no children")
sys.stdout.flush()
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    if os.path.exists(sys.argv[1]) and os.path.getsize(sys.argv[1]):
        break
    time.sleep(0.01)
"""


def as_process_1(place):
    """It cannot be an orphan there, nor see the end: a checkpoint stands."""
    space = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if os.geteuid():
        space.insert(1, "--map-root-user")
    if subprocess.run([*space, "true"], stderr=subprocess.DEVNULL,
                      check=False).returncode:
        return "no pid namespace can be made"
    os.environ["FITRUN_STATE"] = f"{place.folder}/init"
    runs = f"{place.folder}/init/runs.jsonl"
    done = subprocess.run([*space, *place.command(
        sys.executable, "-c", AS_INIT, runs)], text=True,
        stdout=subprocess.PIPE, timeout=4 * DEADLINE, check=False)
    check(done.returncode == 0, "status", done)
    check(done.stdout == "no children\n", "the command sees it", done)
    with open(runs, encoding="ascii") as file:
        lines = [json.loads(line) for line in file]
    check(lines and all(line["checkpoint"] for line in lines), "records", lines)
    check(all(line["peak"] > 0 for line in lines), "peaks", lines)
    shown = subprocess.run([FITRUN, "history"], text=True, check=True,
                           stdout=subprocess.PIPE).stdout
    check(shown.count("\n") == 2 and "  ended  " in shown, "history", shown)
    return None


def main():
    skipped = []
    with tempfile.TemporaryDirectory() as folder:
        place = Place(os.path.realpath(folder))
        try:
            holds_nothing(place)
            nobody_reads(place)
            skipped += [everything_is_refused(place), as_process_1(place)]
        except AssertionError as error:
            print(f"FAIL {error}")
            return 1
    skipped = [reason for reason in skipped if reason]
    for reason in skipped:
        print(f"SKIPPED: {reason}")
    return 77 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
