"""Builds whose jobs are held, for the hold_ scripts beside this file."""
import json
import os
import re
import subprocess
import sys
import tempfile

from leaselib import enter, read, until

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
sys.dont_write_bytecode = True

from cgroups import hide_version_2  # noqa: E402

FITRUN = os.environ["FITRUN"]
GROW = os.environ["HELPERS"] + "/grow"
# A job that has grown keeps what it has until let_end().
LASTING = "{grow} {size} 0.4 go {number}"
TOOL = """
[ram]
per_worker = "{bound}MiB"
[tool]
commands = ["make"]
count = ["-j"]
jobs = "processes"
"""


def hold_by_signals():
    """Where there might be a group to freeze jobs in, there is none any more."""
    if not hide_version_2():
        print("SKIPPED: no mounts of our own")
        raise SystemExit(77)


class Project:
    """A Makefile of jobs of so many MiB, and a make whose bound is known."""

    def __init__(self, w, sizes, bound=120, recipe=None, record=False):
        self.w = w
        self.folder = tempfile.mkdtemp(dir=w.scratch)
        os.makedirs(self.folder + "/config/fitrun")
        with open(self.folder + "/config/fitrun/make.toml", "w") as f:
            f.write("record = true\n" * record + TOOL.format(bound=bound))
        jobs = " ".join(f"job{i}" for i in range(len(sizes)))
        with open(self.folder + "/Makefile", "w") as f:
            f.write(f"all: {jobs}\n")
            for i, size in enumerate(sizes):
                f.write(f"job{i}:\n\t@" + (recipe or "{grow} {size} 0.4 0.2 {number}").format(
                    grow=GROW, size=size, number=i) + "\n")
        w.env.update(XDG_CONFIG_HOME=self.folder + "/config",
                     FITRUN_STATE=self.folder + "/state")
        w.env.pop("FITRUN_HOLD", None)

    def start(self, group, *options, width=8):
        """In a session of its own, so that signals to its group are not ours."""
        return self.w.popen([FITRUN, *options, "make", "-k", f"-j{width}"],
                            cwd=self.folder, preexec_fn=enter(group),
                            stderr=subprocess.PIPE)

    def let_end(self):
        with open(self.folder + "/go", "w", encoding="ascii"):
            pass

    def records(self):
        with open(self.folder + "/state/runs.jsonl") as f:
            return [json.loads(line) for line in f]

    def plan(self, group, form, *options):
        return subprocess.run(
            [FITRUN, "plan", "--format", form, *options, "make", "-j8"],
            env=self.w.env, cwd=self.folder, preexec_fn=enter(group),
            check=True, text=True, stdout=subprocess.PIPE).stdout


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(child) for child in f.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def state(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(") ", 1)[1][0]
    except (FileNotFoundError, ProcessLookupError):
        return "gone"


def frozen(pid):
    """Whether it is in a group in which fitrun holds jobs."""
    try:
        with open(f"/proc/{pid}/cgroup") as f:
            return "/fitrun-held-" in f.read()
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_held(pid):
    return state(pid) == "T" or state(pid) != "Z" and frozen(pid)


def held(pid):
    return [child for child in children(pid) if is_held(child)]


def processes(name, group):
    """Of that name, in that control group."""
    found = []
    for pid in read(group, "cgroup.procs").split():
        try:
            with open(f"/proc/{pid}/comm") as f:
                if f.read().strip() == name:
                    found.append(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def kills(group):
    return int(re.search(r"oom_kill (\d+)",
                         read(group, "memory.oom_control"))[1])


def waiting(w, group):
    """A build of four lasting jobs of which at least one is held, however long
    the caller takes; and its project."""
    project = Project(w, [100] * 4, recipe=LASTING)
    p = project.start(group)
    until(lambda: held(p.pid), "a job that is held")
    return p, project
