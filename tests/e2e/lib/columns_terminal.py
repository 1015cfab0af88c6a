"""What a wrapper does to a command on a terminal, under job control."""

import contextlib
import itertools
import os
import signal

from bench import arrivals, scenario
from subject import process_state
from terminal import Terminal

INTERRUPT, QUIT, SUSPEND = b"\x03", b"\x1c", b"\x1a"


def _state(terminal):
    letter = process_state(terminal.target.pid)
    return "stopped" if letter == "T" else "running" if letter else "gone"


@scenario
def terminal_place(bench):
    """The command is the shell's job, in its group, in the foreground."""
    with contextlib.closing(Terminal(bench)) as terminal:
        report = terminal.target
        return {"execs": report.pid == terminal.job,
                "same pgrp": report.number("pgrp") == terminal.job,
                "same session": report.number("session") == terminal.shell,
                "foreground":
                    report.number("foreground pgrp") == report.number("pgrp"),
                "modes kept": terminal.unchanged()}


def _per_key(terminal, key, number):
    def send():
        if terminal.job_ended():
            return False
        terminal.press(key)
        return True
    return arrivals(terminal.job, terminal.target, number, send)


@scenario
def interrupt_key(bench):
    """One ^C is one SIGINT, a second one a second; the wrapper stays."""
    with contextlib.closing(Terminal(bench)) as terminal:
        return {"SIGINT per ^C": _per_key(terminal, INTERRUPT, signal.SIGINT),
                "job after it": terminal.job_ended() or "runs"}


@scenario
def quit_key(bench):
    """The same for the key that means SIGQUIT."""
    with contextlib.closing(Terminal(bench)) as terminal:
        return {"SIGQUIT per key": _per_key(terminal, QUIT, signal.SIGQUIT),
                "job after it": terminal.job_ended() or "runs"}


@scenario
def resize(bench):
    """Each new size of the window is one SIGWINCH."""
    with contextlib.closing(Terminal(bench)) as terminal:
        rows = itertools.count(50)

        def send():
            terminal.resize(next(rows), 132)
            return True

        return {"SIGWINCH per resize": arrivals(
            terminal.job, terminal.target, signal.SIGWINCH, send)}


@scenario
def suspend_key(bench):
    """^Z: the shell is told, the command stops; fg: it goes on, ^C works."""
    with contextlib.closing(Terminal(bench)) as terminal:
        terminal.press(SUSPEND)
        columns = {"shell sees": terminal.stop_seen()}
        terminal.settle()
        columns["command after ^Z"] = _state(terminal)
        if columns["shell sees"].startswith(("exit", "signal")):
            return columns
        terminal.resume()
        columns["SIGCONT per fg"] = terminal.received(signal.SIGCONT)
        columns["command after fg"] = _state(terminal)
        columns["SIGINT per ^C after fg"] = _per_key(
            terminal, INTERRUPT, signal.SIGINT)
        columns["modes kept"] = terminal.unchanged()
        return columns


@scenario
def terminal_status(bench):
    """What the shell sees in the end, of a status and of a signal."""
    columns = {}
    for order in ("exit 7", f"raise {int(signal.SIGINT)}"):
        with contextlib.closing(Terminal(bench)) as terminal:
            terminal.target.tell(order)
            columns[order] = terminal.clock.wait(
                "the job to end", terminal.job_ended, [terminal.channel])
    return columns


@scenario
def background(bench):
    """A background job that reads the terminal stops, and reads after fg."""
    with contextlib.closing(Terminal(bench, foreground=False)) as terminal:
        terminal.target.tell("line")
        columns = {"shell sees": terminal.stop_seen()}
        if columns["shell sees"].startswith(("exit", "signal")):
            return columns
        terminal.resume()
        os.write(terminal.master, b"typed\n")
        columns["reads after fg"] = bytes.fromhex(
            terminal.target.answer("line") or "").decode()
        return columns


@scenario
def hang_up(bench):
    """The window closes: the session leader is gone, the job hears SIGHUP."""
    with contextlib.closing(Terminal(bench)) as terminal:
        os.kill(terminal.shell, signal.SIGKILL)
        os.waitid(os.P_PID, terminal.shell, os.WEXITED | os.WNOWAIT)
        return {"SIGHUP arrives": terminal.received(signal.SIGHUP)}
