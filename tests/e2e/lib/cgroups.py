"""Real memory cgroups, version 1 or 2, wherever this machine lets us make them.

Needs: python3 (standard library only).
"""

import contextlib
import ctypes
import os
import subprocess


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


def own_version_2():
    """Our cgroup of version 2 where we may make a frozen one below it, or why
    not."""
    mount = mount_point("cgroup2", None)
    path = own_paths()[1]
    if not mount or path is None:
        return None, "no cgroup of version 2 is mounted"
    folder = os.path.normpath(mount + path)
    if not (os.access(folder, os.W_OK)
            and os.access(f"{folder}/cgroup.procs", os.W_OK)):
        return None, f"{folder} is not ours to write"
    if read(f"{folder}/cgroup.subtree_control").strip():
        return None, f"{folder} hands controllers down"
    return folder, ""


def private_mounts():
    """What we mount from now on nobody else sees; whether that can be had."""
    new_namespace, recursive_private = 0x20000, 0x44000
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.unshare(new_namespace) == 0 and libc.mount(
        b"none", b"/", None, recursive_private, None) == 0


def hide_version_2():
    """So that we and whom we start find no cgroup of version 2, in which jobs are
    held by freezing; whether that can be had."""
    if not private_mounts():
        return not mount_point("cgroup2", None)
    detach = 2
    while point := mount_point("cgroup2", None):
        if ctypes.CDLL(None).umount2(os.fsencode(point), detach) != 0:
            return False
    return True


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
