"""Where wrappers are measured: one folder, one clock, one socket.

A scenario is a function that takes a `Bench`, starts commands behind the
bench's wrapper and returns columns: {name: value}. Two wrappers conform when
all their columns are equal.
"""

import contextlib
import os
import shutil
import signal
import tempfile

from subject import (Caller, Clock, Gone, Late, Listener, Wrapper,
                     process_state, settle)

SCENARIOS = []

ATTEMPTS = 20


def scenario(function):
    SCENARIOS.append(function)
    return function


def _let_target_go_first(wrapper, target, attempt):
    """Arranges that the target takes its own copy before one is passed on.

    Two equal signals that meet before a process runs are one signal (POSIX), so
    a doubled one could hide. A processor each, or an idle-class wrapper.
    """
    if wrapper == target:
        return
    cpus = sorted(os.sched_getaffinity(0))
    apart = attempt % 2 == 0 and len(cpus) > 1
    policy = os.SCHED_OTHER if apart else os.SCHED_IDLE
    with contextlib.suppress(ProcessLookupError):
        os.sched_setaffinity(target, cpus[:1])
        os.sched_setaffinity(wrapper, cpus[1:] if apart else cpus[:1])
        os.sched_setscheduler(wrapper, policy, os.sched_param(0))


def arrivals(wrapper, target, number, send):
    """How often the signal arrives per `send`, in several attempts.

    A text: "1", "0 to 1" where the attempts differ, "doubled" with the first
    that came more than once. Ends early too where `send` returns false because
    there is nobody left.
    """
    counts = []
    for attempt in range(ATTEMPTS):
        _let_target_go_first(wrapper, target.pid, attempt)
        before = target.count(number)
        if not send():
            counts.append(0)
            break
        settle(target.clock, wrapper, target.pid)
        counts.append(target.count(number) - before)
        if counts[-1] > 1:
            return "doubled"
    least, most = min(counts), max(counts)
    return str(least) if least == most else f"{least} to {most}"


class Started:
    """A wrapper and the target behind it."""

    def __init__(self, bench, wrapper, target):
        self.clock = bench.clock
        self.wrapper = wrapper
        self.target = target

    def settle(self):
        settle(self.clock, self.wrapper.pid, self.target.pid)

    def send(self, number):
        """Signals the wrapper; how often the target gets it."""
        os.kill(self.wrapper.pid, number)
        return self.received(number)

    def received(self, number):
        """How often a signal that was sent has arrived, once all is quiet."""
        self.settle()
        return self.target.count(number)

    def state(self):
        """Whether the target is stopped, by the kernel's word."""
        letter = process_state(self.target.pid)
        return "stopped" if letter == "T" else "running" if letter else "gone"

    def finish(self, status=0):
        self.target.tell(f"exit {status}")
        return self.wrapper.wait()


class Bench:
    def __init__(self, prefix, target, clock, folder):
        found = shutil.which(prefix[0]) or prefix[0]
        self.prefix = [os.path.abspath(found), *prefix[1:]]
        self.target = target
        self.clock = clock
        self.folder = folder
        self.listener = Listener(folder, clock)
        self._null = os.open("/dev/null", os.O_RDWR)
        self._started = []
        self._opened = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def file(self, name, content=b""):
        """A file in the bench's folder, open until the scenario ends."""
        fd = os.open(self.path(name), os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        self._opened.append(fd)
        os.pwrite(fd, content, 0)
        return fd

    def script(self, name, text, mode=0o755):
        """A closed file, since none that is open for writing can be run."""
        with open(self.path(name), "wb") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def pipe(self):
        """(reader, writer), open until the scenario ends."""
        ends = os.pipe()
        self._opened.extend(ends)
        return ends

    def run(self, *command, files=None, **state):
        """Starts the wrapper with any command, standard files on /dev/null."""
        standard = {0: self._null, 1: self._null, 2: self._null}
        kept = {**standard, **(files or {})}
        state["files"] = {n: fd for n, fd in kept.items() if fd is not None}
        wrapper = Wrapper(self.clock, [*self.prefix, *command], Caller(**state))
        self._started.append(wrapper)
        return wrapper

    def start(self, *args, files=None, **state):
        """Starts the target behind the wrapper and reads its report."""
        wrapper = self.run(self.target, self.listener.path, *args,
                           files=files, **state)
        target = self.listener.accept(wrapper.ended)
        self._started.append(target)
        return Started(self, wrapper, target)

    def clean(self):
        """Ends what a scenario left running."""
        for left in self._started:
            if isinstance(left, Wrapper):
                left.kill()
            else:
                left.connection.close()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(left.pid, signal.SIGCONT)
        for fd in self._opened:
            os.close(fd)
        self._started.clear()
        self._opened.clear()

    def adopt(self, target):
        self._started.append(target)


def measure(prefix, target, seconds, wanted=None):
    """Every column of a wrapper: {"scenario: column": value}.

    A column whose scenario broke off is missing, and the scenario itself
    becomes a column that says why.
    """
    columns = {}
    with tempfile.TemporaryDirectory(prefix="conformance") as folder:
        os.chmod(folder, 0o755)
        bench = Bench(prefix, target, Clock(seconds), folder)
        for function in SCENARIOS:
            name = function.__name__.replace("_", " ")
            if wanted and name not in wanted:
                continue
            try:
                found = function(bench)
            except Late as late:
                found = {"broke off": f"waited in vain for {late}"}
            except Gone as gone:
                found = {"broke off": f"no target, wrapper: {gone}"}
            finally:
                bench.clean()
            for column, value in found.items():
                columns[f"{name}: {column}"] = value
    return columns
