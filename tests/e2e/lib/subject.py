"""A command started behind a wrapper, and everything needed to watch it.

The caller's side of a launch: `Caller` says what the wrapper is started with,
`start` forks and execs it without touching anything else, and `Subject` talks
to the target (tests/helpers/target.cpp) over a Unix socket. Nothing sleeps:
every wait is for a line, a child's change of state or the end of a process,
and ends with `Late` at the deadline.
"""

import ctypes
import dataclasses
import fcntl
import functools
import math
import os
import resource
import select
import signal
import socket
import struct
import time

libc = ctypes.CDLL(None, use_errno=True)


class Late(Exception):
    """What was waited for did not come before the deadline."""


class Gone(Exception):
    """The wrapper ended before its target had reported."""


@functools.cache
def _listen_for_children():
    """A descriptor that becomes readable when a child changes its state."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    return reader, writer


class Clock:
    """Waits for events; the one place that knows the deadline."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.children, self._writer = _listen_for_children()

    def wait(self, what, condition, files=(), every=None):
        """Returns condition()'s first true value.

        It is asked again when one of `files` is readable, when a child changes
        its state, and, for what has no event (another process's /proc files),
        after `every` seconds.
        """
        end = time.monotonic() + self.seconds
        while True:
            value = condition()
            if value:
                return value
            left = end - time.monotonic()
            if left <= 0:
                raise Late(what)
            pause = left if every is None else min(every, left)
            poll = select.poll()
            for file in (self.children, *files):
                poll.register(file, select.POLLIN)
            ready = [fd for fd, _ in poll.poll(math.ceil(pause * 1000))]
            if self.children.fileno() in ready:
                self.children.recv(4096)


@dataclasses.dataclass
class Caller:
    """The state in which a caller starts the wrapper; default: all plain."""

    ignored: tuple = ()
    blocked: tuple = ()
    pending: tuple = ()
    umask: int = 0o022
    cwd: str = "/"
    limits: dict = dataclasses.field(default_factory=dict)
    niceness: int = 0
    timers: dict = dataclasses.field(default_factory=dict)
    cpus: tuple = ()
    subreaper: int = 0
    files: dict = dataclasses.field(default_factory=dict)  # number -> fd
    environment: tuple = None  # b"NAME=value", in order; None: our own

    def environment_bytes(self):
        if self.environment is not None:
            return list(self.environment)
        return [name + b"=" + value for name, value in os.environb.items()]


def _set_descriptors(files):
    """Makes `files` the open descriptors, and no others."""
    high = {}
    for number, fd in files.items():
        high[number] = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 300)
    for number, fd in high.items():
        os.dup2(fd, number, inheritable=True)
    kept = sorted(files)
    low = 0
    for number in [*kept, 4096]:
        if low < number:  # an empty range at 0 closes everything
            os.closerange(low, number)
        low = number + 1


def _set_signals(caller):
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    for number in caller.ignored:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, caller.blocked)
    for number in caller.pending:
        os.kill(os.getpid(), number)


def become(caller, argv):
    """In the child: takes the caller's state and execs argv. Never returns."""
    try:
        arguments = (ctypes.c_char_p * (len(argv) + 1))(*argv, None)
        entries = caller.environment_bytes()
        environment = (ctypes.c_char_p * (len(entries) + 1))(*entries, None)
        os.chdir(caller.cwd)
        os.umask(caller.umask)
        os.nice(caller.niceness)
        if caller.cpus:
            os.sched_setaffinity(0, caller.cpus)
        if caller.subreaper:
            libc.prctl(36, caller.subreaper, 0, 0, 0)
        for which, (seconds, interval) in caller.timers.items():
            signal.setitimer(which, seconds, interval)
        for which, values in caller.limits.items():
            resource.setrlimit(which, values)
        _set_descriptors(caller.files)
        signal.set_wakeup_fd(-1)
        _set_signals(caller)
        libc.execve(argv[0], arguments, environment)
        os.write(2, b"harness: cannot start " + argv[0] + b"\n")
    finally:
        os._exit(99)


def encoded(argv):
    return [os.fsencode(word) for word in argv]


def status_text(status):
    """A wait status in words: "exit 7", "signal 15"."""
    if os.WIFEXITED(status):
        return f"exit {os.WEXITSTATUS(status)}"
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return f"stopped {os.WSTOPSIG(status)}"


def process_state(pid):
    """The state letter of /proc/PID/stat; "" once there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rsplit(b")", 1)[1].split()[0].decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _busy(pid, relays):
    """Whether the process is working, or signals are on their way to it.

    A process that `relays` signals reads the ones that it has blocked. One that
    is stopped reads nothing: what waits for it (the SIGCHLD of a child that has
    stopped too) waits until it goes on.
    """
    try:
        with open(f"/proc/{pid}/status", encoding="ascii",
                  errors="replace") as file:
            fields = dict(line.split(":", 1) for line in file)
    except (FileNotFoundError, ProcessLookupError):
        return False
    state = fields["State"].split()[0]
    if state in "ZXT":
        return False
    waiting = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
    if not relays:
        waiting &= ~int(fields["SigBlk"], 16)
    return bool(waiting) or state != "S"


class Target:
    """The target's end: its report, the signals it got, orders to it."""

    def __init__(self, connection, clock):
        self.connection = connection
        self.clock = clock
        self.lines = []
        self.got = []
        self.ended = False
        self.report = {}
        self._partial = b""
        credentials = connection.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        self.pid = struct.unpack("3i", credentials)[0]
        connection.setblocking(False)

    def fileno(self):
        return self.connection.fileno()

    def _read(self):
        while not self.ended:
            try:
                piece = self.connection.recv(65536)
            except BlockingIOError:
                return
            except ConnectionError:
                piece = b""
            self.ended = not piece
            *lines, self._partial = (self._partial + piece).split(b"\n")
            for line in lines:
                word, _, rest = line.decode().partition(" ")
                if word == "got":
                    self.got.append(int(rest))
                else:
                    self.lines.append((word, rest))

    def wait(self, what, condition):
        """Until condition(); true, or false if the target ended first."""
        def ready():
            self._read()
            return condition() or self.ended
        self.clock.wait(what, ready, [self])
        return bool(condition())

    def answer(self, word):
        """The rest of the next line with this word; None at the end."""
        def found():
            return next((line for line in self.lines if line[0] == word), None)
        if not self.wait(f"the target's {word}", found):
            return None
        line = found()
        del self.lines[:self.lines.index(line) + 1]
        return line[1]

    def read_report(self):
        self.wait("ready", lambda: ("ready", "") in self.lines)
        while self.lines:
            key, value = self.lines.pop(0)
            if key == "ready":
                break
            *words, data = value.split(" ")
            self.report.setdefault(" ".join([key, *words]), []).append(
                bytes.fromhex(data))

    def one(self, key):
        return self.report[key][0].decode(errors="replace")

    def number(self, key):
        return int(self.one(key))

    def status(self, field):
        """A field of its /proc/self/status."""
        for line in self.one("status").splitlines():
            name, _, value = line.partition(":")
            if name == field:
                return value.strip()
        return "absent"

    def files(self):
        """number -> (device:inode, status flags) of its open descriptors."""
        out = {}
        for line in self.report.get("fd", ()):
            number, identity, flags, _ = line.decode().split()
            out[int(number)] = (identity, int(flags))
        return out

    def tell(self, order):
        """Sends an order; false where nobody is left to read it."""
        try:
            self.connection.sendall(order.encode() + b"\n")
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def ask(self, order, word):
        return self.answer(word) if self.tell(order) else None

    def count(self, number):
        """How often the signal has arrived, by the target's own count."""
        text = self.ask("count", "counts")
        if text is None:
            return self.got.count(number)
        pairs = dict(pair.split("=") for pair in text.split())
        return int(pairs.get(str(int(number)), 0))


class Listener:
    """The socket on which targets report."""

    def __init__(self, folder, clock):
        self.path = os.path.join(folder, "reports")
        self.clock = clock
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(self.path)
        self.socket.listen(16)
        self.socket.setblocking(False)

    def accept(self, wrapper_ended, files=()):
        """The next target, with its report read.

        `files` are those that announce the wrapper's end, besides SIGCHLD.
        """
        def arrived():
            try:
                return self.socket.accept()[0]
            except BlockingIOError:
                return wrapper_ended() and "gone"
        connection = self.clock.wait("the target to report", arrived,
                                     [self.socket, *files])
        if connection == "gone":
            raise Gone(wrapper_ended())
        target = Target(connection, self.clock)
        target.read_report()
        return target


def settle(clock, wrapper, target):
    """Until no signal is on its way through the two processes.

    A wrapper that passes signals on has passed them once it sleeps again with
    none pending. Nothing announces that, so /proc is asked every millisecond.
    """
    clock.wait("the processes to settle",
               lambda: not (_busy(wrapper, wrapper != target)
                            or _busy(target, False)), every=0.001)


class Wrapper:
    """A started wrapper: the process that its caller waits for."""

    def __init__(self, clock, argv, caller):
        self.clock = clock
        self.status = None
        self.pid = os.fork()
        if self.pid == 0:
            os.setpgid(0, 0)
            become(caller, encoded(argv))

    def change(self, options=0):
        """The next change of state, as text; "" while there is none."""
        pid, status, _ = os.wait4(self.pid, os.WNOHANG | options)
        if pid == 0:
            return ""
        text = status_text(status)
        if not os.WIFSTOPPED(status):
            self.status = text
        return text

    def ended(self):
        """The wait status in words; "" while it runs."""
        return self.status or self.change()

    def wait(self):
        return self.clock.wait("the wrapper to end", self.ended)

    def wait_stopped(self):
        return self.clock.wait("the wrapper to stop",
                               lambda: self.change(os.WUNTRACED))

    def kill(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
