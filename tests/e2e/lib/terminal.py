"""A pseudo-terminal with a job-control shell on it, reduced to the essentials.

The shell is a forked child: session leader, owner of the terminal, and parent
of one job in a process group of its own, as an interactive shell makes it. It
tells the harness what wait4 told it ("stopped 20", "exit 7") and obeys "fg".
"""

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import termios

from subject import (Caller, Gone, Late, become, encoded, settle,
                     status_text)


def _take_terminal(name):
    os.setsid()
    slave = os.open(name, os.O_RDWR)
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    return slave


def _start_job(slave, argv, foreground, cwd):
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        if foreground:
            os.tcsetpgrp(slave, os.getpid())
        files = {0: slave, 1: slave, 2: slave}
        become(Caller(files=files, cwd=cwd), encoded(argv))
    with contextlib.suppress(OSError):  # whoever comes first, as in shells
        os.setpgid(pid, pid)
    if foreground:
        os.tcsetpgrp(slave, pid)
    return pid


def _shell(name, channel, argv, foreground, cwd):
    """The shell's life. `channel` carries lines both ways."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP,
                   signal.SIGTTIN, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    slave = _take_terminal(name)
    changed, writer = os.pipe()
    os.set_blocking(changed, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    job = _start_job(slave, argv, foreground, cwd)
    channel.sendall(f"job {job}\n".encode())
    while True:
        ready, _, _ = select.select([channel, changed], [], [])
        if changed in ready:
            os.read(changed, 4096)
            _tell_changes(channel, slave)
        if channel in ready:
            order = channel.recv(100)
            if not order:
                return
            os.tcsetpgrp(slave, job)
            os.killpg(job, signal.SIGCONT)
            channel.sendall(b"resumed\n")


def _tell_changes(channel, slave):
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            return
        if pid == 0:
            return
        os.tcsetpgrp(slave, os.getpid())  # the prompt is back
        channel.sendall(status_text(status).encode() + b"\n")


class Terminal:
    """The harness's side: the keys, the screen and the shell's words."""

    def __init__(self, bench, foreground=True):
        self.bench = bench
        self.clock = bench.clock
        self.master, slave = os.openpty()
        self.channel, theirs = socket.socketpair()
        self.said = []
        self._text = b""
        self.screen = b""
        self.shell = os.fork()
        if self.shell == 0:
            self._be_shell(theirs, os.ttyname(slave), foreground)
        theirs.close()
        self.slave = slave  # for its modes
        self.before = termios.tcgetattr(slave)
        os.set_blocking(self.master, False)
        self.channel.setblocking(False)
        self.job = int(self.wait_for("job").split()[1])
        try:
            self.target = bench.listener.accept(self.job_ended, [self.channel])
        except (Gone, Late):
            self.close()
            raise
        bench.adopt(self.target)

    def _be_shell(self, channel, name, foreground):
        try:
            os.close(self.master)
            self.channel.close()
            bench = self.bench
            _shell(name, channel,
                   [*bench.prefix, bench.target, bench.listener.path],
                   foreground, "/")
        finally:
            os._exit(0)

    def _read(self):
        with contextlib.suppress(BlockingIOError):
            piece = self.channel.recv(4096)
            *lines, self._text = (self._text + piece).split(b"\n")
            self.said.extend(line.decode() for line in lines)

    def heard(self, start):
        """What the shell said that starts with `start`; taken off the list."""
        self._read()
        for line in self.said:
            if line.startswith(start):
                self.said.remove(line)
                return line
        return ""

    def wait_for(self, start):
        return self.clock.wait(f"the shell to say {start}",
                               lambda: self.heard(start), [self.channel])

    def job_ended(self):
        """The job's wait status; stays for later callers."""
        self._read()
        return next((line for line in self.said
                     if line.startswith(("exit", "signal"))), "")

    def press(self, key):
        """Types a control key and waits for its echo.

        The line discipline echoes after it has signalled the foreground group,
        so that nothing of this key press is outstanding when this returns.
        """
        echo = b"^" + bytes([key[0] + 64])
        self.screen = b""
        os.write(self.master, key)
        self.clock.wait(f"the echo {echo!r}", lambda: self.seen(echo),
                        [self.master])

    def seen(self, text):
        with contextlib.suppress(BlockingIOError, OSError):
            self.screen += os.read(self.master, 4096)
        return text in self.screen

    def settle(self):
        settle(self.clock, self.job, self.target.pid)

    def received(self, number):
        self.settle()
        return self.target.count(number)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("4H", rows, columns, 0, 0))

    def stop_seen(self):
        """Whether the shell was told of a stop: it waits for nothing else."""
        try:
            return self.clock.wait(
                "a stop", lambda: self.heard("stopped") or self.job_ended(),
                [self.channel])
        except Late:
            return "no stop seen"

    def resume(self):
        self.channel.sendall(b"fg\n")
        self.wait_for("resumed")

    def unchanged(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        os.close(self.master)
        os.close(self.slave)
        for pid in (self.job, self.shell):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.channel.close()
        os.waitpid(self.shell, 0)
