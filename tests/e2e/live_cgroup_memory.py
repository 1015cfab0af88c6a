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

FITRUN = os.path.abspath(os.environ["FITRUN"])
EATER = os.path.abspath(os.path.join(os.environ["HELPERS"], "eater"))
MIB = 1 << 20
# What the helper costs besides what it is told to take: its stack, its page
# tables and those of 128 MiB, and the pages that each CPU charges in advance.
OWN_COST = MIB + os.cpu_count() * 256 * 1024


def read(path):
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()


class Cgroups:
    """The hierarchy with the memory controller, and where to make new ones."""

    def __init__(self, version, home):
        self.version = version
        self.home = home

    def make(self, parent, name, **limits):
        path = os.path.join(parent, name)
        os.mkdir(path)
        if self.version == 1 and os.path.exists(f"{path}/memory.swappiness"):
            self.write(path, "memory.swappiness", 0)
        if self.version == 2 and os.path.exists(f"{path}/memory.swap.max"):
            self.write(path, "memory.swap.max", 0)
        for key, value in limits.items():
            self.write(path, self.file(key), value)
        return path

    def file(self, key):
        if self.version == 2:
            return {"limit": "memory.max", "usage": "memory.current"}[key]
        return {"usage": "memory.usage_in_bytes",
                "limit": "memory.limit_in_bytes",
                "memsw": "memory.memsw.limit_in_bytes"}[key]

    def hand_down(self, path):
        """Lets the cgroup's children have limits of their own."""
        if self.version == 2:
            self.write(path, "cgroup.subtree_control", "+memory")

    def write(self, path, name, value):
        with open(os.path.join(path, name), "w", encoding="ascii") as file:
            file.write(f"{value}\n")

    def limit_name(self):
        return "cgroup1.memory.limit" if self.version == 1 else (
            "cgroup2.memory.max")

    def remove(self, path):
        for folder, _, _ in os.walk(path, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def own_paths():
    """(path of the v1 memory cgroup or None, path of the v2 cgroup or None)."""
    first = second = None
    for line in read("/proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            first = path
        elif number == "0":
            second = path
    return first, second


def mount_point(kind, option):
    for line in read("/proc/self/mountinfo").splitlines():
        fields = line.split(" ")
        dash = fields.index("-")
        if fields[dash + 1] == kind and (
                not option or option in fields[dash + 3].split(",")):
            return fields[4]
    return None


def find_home():
    """The Cgroups in which new ones can be made, or the reason why not."""
    first, second = own_paths()
    version = 1 if first is not None else 2
    mount = mount_point("cgroup", "memory") if version == 1 else (
        mount_point("cgroup2", None))
    if not mount:
        return "no mounted hierarchy has the memory controller"
    path = os.path.normpath(mount + (first if version == 1 else second))
    reason = f"{mount} is not ours to write"
    while path.startswith(mount):
        if version == 1 or "memory" in read(
                f"{path}/cgroup.subtree_control").split():
            home = os.path.join(path, f"fitrun-test-{os.getpid()}")
            try:
                os.mkdir(home)
                return Cgroups(version, home)
            except OSError as error:
                reason = str(error)
        path = os.path.dirname(path)
    return reason


def start_in(cgroup, *command, **options):
    """Starts a command as a member of the cgroup."""
    enter = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
    return subprocess.Popen(["sh", "-c", enter, cgroup, *command], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            **options)


def run_in(cgroup, *command):
    """(status, everything it printed)."""
    process = start_in(cgroup, *command, stdin=subprocess.DEVNULL)
    out, err = process.communicate()
    return process.returncode, out + err


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
