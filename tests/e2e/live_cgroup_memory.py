#!/usr/bin/env python3
"""What fitrun calls available is what the kernel gives: not more, not less.

In real memory cgroups, made and removed here: a helper that takes what fitrun
called available survives, and with 15 % more the kernel kills. Version 1 or 2,
whichever this machine lets us make; skipped with the reason where it does not.

Needs: python3 (standard library only), a writable memory cgroup.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
sys.dont_write_bytecode = True

from cgroups import find_home, read, run_in, start_in  # noqa: E402

FITRUN = os.path.abspath(os.environ["FITRUN"])
EATER = os.path.abspath(os.path.join(os.environ["HELPERS"], "eater"))
MIB = 1 << 20
# What the helper costs besides what it is told to take: its stack, its page
# tables and those of 128 MiB, and the pages that each CPU charges in advance.
OWN_COST = MIB + os.cpu_count() * 256 * 1024


def reading_in(cgroup):
    """fitrun's reading of the RAM, as a command in the cgroup sees it."""
    status, text = run_in(cgroup, FITRUN, "probe", "--format", "json")
    assert status == 0, f"fitrun probe ended with {status}: {text}"
    return json.loads(text)["pools"][0]


def eat(cgroup, size):
    """Whether a process that takes `size` bytes survives."""
    status, text = run_in(cgroup, EATER, "1", str(int(size)))
    if status == 0:
        return True
    assert "died of signal 9" in text, f"eater ended with {status}: {text}"
    return False


class Holder:
    """A process in a cgroup of its own that holds memory to the end."""

    def __init__(self, cgroups, cgroup, size):
        self.usage = os.path.join(cgroup, cgroups.file("usage"))
        self.size = size
        self.process = start_in(cgroup, EATER, "1", str(size), "hold",
                                stdin=subprocess.PIPE)
        line = self.process.stdout.readline()
        assert line, f"the holder died: {self.process.stderr.read()}"

    def holds(self):
        """Whether it still has it, by the kernel's count."""
        return int(read(self.usage)) >= self.size

    def end(self):
        self.process.kill()
        self.process.communicate()


def both_ends(job, expected, binding, bystander=None):
    """The claim itself. `expected`: what is available, worked out by hand."""
    reading = reading_in(job)
    available = reading["available"]
    assert reading["binding"] in binding, (
        f"bound by {reading['binding']}, not {binding}")
    assert 0.93 * expected <= available <= expected, (
        f"{available} available, of {expected} that there are")
    assert eat(job, available - OWN_COST), (
        f"killed with what fitrun called available ({available})")
    assert not bystander or bystander.holds(), "the sibling was killed for it"
    survived = eat(job, available * 1.15)
    # Past its parent's limit, the victim may be the sibling.
    killed = not survived or bystander and not bystander.holds()
    assert killed, f"15 % more than {available} was given"
    return f"{available / MIB:.1f} MiB, by {reading['binding']}"


def limit_on_leaf(cgroups, home, _):
    job = cgroups.make(home, "job", limit=128 * MIB)
    return both_ends(job, 128 * MIB, [cgroups.limit_name()])


def limit_on_parent_with_busy_sibling(cgroups, home, _):
    parent = cgroups.make(home, "parent", limit=192 * MIB)
    cgroups.hand_down(parent)
    job = cgroups.make(parent, "job")
    sibling = Holder(cgroups, cgroups.make(parent, "busy"), 80 * MIB)
    try:
        return both_ends(job, 112 * MIB, [cgroups.limit_name()], sibling)
    finally:
        sibling.end()


def tighter_parent(cgroups, home, _):
    """The leaf's own limit is smaller, but the parent has less left."""
    parent = cgroups.make(home, "parent", limit=224 * MIB)
    cgroups.hand_down(parent)
    job = cgroups.make(parent, "job", limit=160 * MIB)
    sibling = Holder(cgroups, cgroups.make(parent, "busy"), 128 * MIB)
    try:
        return both_ends(job, 96 * MIB, [cgroups.limit_name()], sibling)
    finally:
        sibling.end()


def tmpfs(cgroups, home, _):
    """Files in a tmpfs are memory, and cannot be given back."""
    if mount_type("/dev/shm") != "tmpfs":
        return "skipped: /dev/shm is no tmpfs"
    job = cgroups.make(home, "job", limit=160 * MIB)
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        fill(job, file.name, 48)
        return both_ends(job, 112 * MIB, [cgroups.limit_name()])


def page_cache(cgroups, home, folder):
    """Files that were read are memory too, but are given back: all counts."""
    if mount_type(folder) == "tmpfs":
        return f"skipped: {folder} is a tmpfs"
    job = cgroups.make(home, "job", limit=128 * MIB)
    path = os.path.join(folder, "cached")
    fill(job, path, 80)
    for _ in range(3):  # so that it becomes active
        run_in(job, "dd", f"if={path}", "of=/dev/null", "bs=1M")
    # All but what fitrun keeps of a full cache, limit/64.
    return both_ends(job, 128 * MIB, [cgroups.limit_name()])


def memory_and_swap(cgroups, home, _):
    """Version 1 has a limit on both together."""
    if cgroups.version == 2:
        return "skipped: cgroup v2 has no such limit"
    if not os.path.exists(f"{home}/memory.memsw.limit_in_bytes"):
        return "skipped: this kernel does not count swap"
    job = cgroups.make(home, "job", limit=128 * MIB, memsw=128 * MIB)
    seen = [c for c in reading_in(job)["constraints"]
            if c["name"] == "cgroup1.memsw.limit"
            and c["where"].endswith("job")]
    assert len(seen) == 1 and seen[0]["limit"] == 128 * MIB, seen
    return both_ends(job, 128 * MIB,
                     ["cgroup1.memory.limit", "cgroup1.memsw.limit"])


def mount_type(path):
    return subprocess.run(["stat", "-f", "-c", "%T", path], check=True,
                          capture_output=True, text=True).stdout.strip()


def fill(cgroup, path, mebibytes):
    status, text = run_in(cgroup, "dd", "if=/dev/zero", f"of={path}", "bs=1M",
                          f"count={mebibytes}", "conv=fsync")
    assert status == 0, text


def run_all(cgroups):
    failed = False
    for number, scenario in enumerate((
            limit_on_leaf, limit_on_parent_with_busy_sibling, tighter_parent,
            tmpfs, page_cache, memory_and_swap)):
        name = scenario.__name__.replace("_", " ")
        home = cgroups.make(cgroups.home, str(number))
        cgroups.hand_down(home)
        with tempfile.TemporaryDirectory() as folder:
            try:
                print(f"{name}: {scenario(cgroups, home, folder)}")
            except AssertionError as error:
                print(f"FAIL {name}: {error}")
                failed = True
        cgroups.remove(home)
    return 1 if failed else 0


def sanitized():
    """A sanitizer's own memory would count as a user's."""
    linked = subprocess.run(["ldd", FITRUN], capture_output=True, text=True)
    return "libasan" in linked.stdout


def main():
    if sanitized():
        print("SKIPPED: the program is built with AddressSanitizer")
        return 77
    cgroups = find_home()
    if isinstance(cgroups, str):
        print(f"SKIPPED: no memory cgroup can be made: {cgroups}")
        return 77
    print(f"cgroup v{cgroups.version}, in {cgroups.home}")
    try:
        cgroups.hand_down(cgroups.home)
        return run_all(cgroups)
    finally:
        cgroups.remove(cgroups.home)


if __name__ == "__main__":
    sys.exit(main())
