"""Launches that take leases, for the scripts beside this file.

A script defines functions whose names begin with test_ and calls run(). Each
gets a fresh lease folder; what it starts with popen() is killed at its end.
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HOLD = os.path.join(os.environ["HELPERS"], "lease_hold")
MIB = 1 << 20
OWN_CGROUP = "/sys/fs/cgroup/memory"


class Skip(Exception):
    pass


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="fitrun-e2e-")
        self.scratch = tempfile.mkdtemp(prefix="fitrun-e2e-")
        self.env = dict(os.environ, FITRUN_LEASES=self.folder)
        self.env.pop("FITRUN_LEASE", None)
        self.started = []

    def kill_all(self):
        for p in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            for stream in (p.stdin, p.stdout):
                with contextlib.suppress(BrokenPipeError):
                    if stream:
                        stream.close()
        self.started.clear()

    def close(self):
        self.kill_all()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def popen(self, args, **options):
        options.setdefault("env", self.env)
        options.setdefault("stdin", subprocess.PIPE)
        p = subprocess.Popen([str(a) for a in args], stdout=subprocess.PIPE,
                             text=True, start_new_session=True, **options)
        self.started.append(p)
        return p

    def hold(self, verb, *args, **options):
        """Starts lease_hold; .report is what it said before its command."""
        p = self.popen([HOLD, verb, *args], **options)
        line = p.stdout.readline()
        p.report = json.loads(line) if line.startswith("{") else None
        return p

    def take(self, *command, ram=1000 * MIB, args=(), **options):
        return self.hold("take", "--ram", ram, *args, "--", *command,
                         **options)

    def leases(self, lock=True, env=None, prefix=()):
        out = subprocess.run([*prefix, HOLD, "list"] + ["--lock"] * lock,
                             env=env or self.env, check=True, text=True,
                             stdout=subprocess.PIPE).stdout
        return json.loads(out)["leases"]

    def only(self, **options):
        all_leases = self.leases(**options)
        assert len(all_leases) == 1, all_leases
        return all_leases[0]

    def files(self, folder=None):
        """What lies in the folder, but for its lock, which stays."""
        return sorted(set(os.listdir(folder or self.folder)) - {"lock"})

    def expect_nothing(self):
        assert self.leases() == [], self.leases()
        assert self.files() == [], self.files()


def until(condition, what="condition", seconds=60):
    """For what no event tells, such as the last breath of a grandchild."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "timed out: " + what
        time.sleep(0.01)


def gone(pid):
    """Whether the process has ended, be it unreaped."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(") ", 1)[1][0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def end(p):
    """Ends a process that waits for the end of its input."""
    p.stdin.close()
    p.wait(timeout=60)


def own_memory_cgroup():
    """The v1 memory cgroup of this process, or a reason to skip."""
    with open("/proc/self/cgroup") as lines:
        for line in lines:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if "memory" in controllers.split(","):
                folder = OWN_CGROUP + path
                if os.path.exists(folder + "/memory.limit_in_bytes"):
                    return folder
    raise Skip("no cgroup v1 memory controller")


@contextlib.contextmanager
def cgroup(limit, parent=None):
    """A fresh v1 memory cgroup; its folder."""
    folder = f"{parent or own_memory_cgroup()}/fitrun-e2e-{os.getpid()}"
    while os.path.exists(folder):
        folder += "x"
    try:
        os.mkdir(folder)
    except OSError as error:
        raise Skip(f"cannot make a memory cgroup: {error}") from error
    try:
        with open(folder + "/memory.limit_in_bytes", "w") as f:
            f.write(str(limit))
        yield folder
    finally:
        until(lambda: not read(folder, "cgroup.procs"), "an empty cgroup")
        os.rmdir(folder)


def read(folder, leaf):
    with open(f"{folder}/{leaf}") as f:
        return f.read().strip()


def enter(folder):
    """For preexec_fn."""
    def move():
        with open(folder + "/cgroup.procs", "w") as f:
            f.write(str(os.getpid()))
    return move


def run(names):
    """Runs the tests of a script; 77 if all of them were skipped."""
    wanted = sys.argv[1:]
    tests = [(n, f) for n, f in names.items() if n.startswith("test_")]
    failed, skipped = [], 0
    for name, test in tests:
        if wanted and name not in wanted:
            continue
        world = World()
        begin = time.monotonic()
        try:
            test(world)
            print(f"ok       {name} ({time.monotonic() - begin:.2f} s)",
                  flush=True)
        except Skip as reason:
            skipped += 1
            print(f"SKIPPED  {name}: {reason}", flush=True)
        except Exception as error:  # the others run all the same
            failed.append(name)
            print(f"FAILED   {name}: {type(error).__name__}: {error}",
                  flush=True)
            import traceback
            traceback.print_exc()
        finally:
            world.close()
    if failed:
        sys.exit(1)
    if skipped == len(tests):
        sys.exit(77)
