"""What env(1) must measure, worked out from POSIX and the kernel's manual.

A harness that only compares could be blind on both sides; this pins one side.
Values that belong to the machine are read from the harness's own process.
"""

import os
import signal


def _own(field):
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(field + ":"):
                return line.partition(":")[2].strip()
    return "absent"


def _read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def _mask(*numbers):
    return f"{sum(1 << (int(n) - 1) for n in numbers):016x}"


def _residue(name, /, **changed):
    same = ("NoNewPrivs", "Seccomp", "Cpus_allowed_list", "Mems_allowed_list",
            "CapEff", "CapPrm", "CapInh", "CapAmb", "Groups")
    values = {field: _own(field) for field in same}
    values.update({field: _mask() for field in
                   ("SigIgn", "SigBlk", "SigCgt", "ShdPnd")})
    values.update({
        "umask": str(0o022), "niceness": str(os.nice(0)),
        "policy": str(os.sched_getscheduler(0)), "parent death signal": "0",
        "subreaper": "0", "timers": "off off off",
        "oom_score_adj": _read("/proc/self/oom_score_adj"),
        "limits": _read("/proc/self/limits")})
    values.update(changed)
    return {f"{name}: {key}": value for key, value in values.items()}


def _rows(name, /, **values):
    return {f"{name}: {key.replace('_', ' ')}": value
            for key, value in values.items()}


def _unusual():
    changed = _residue(
        "unusual caller", umask=str(0o027), niceness=str(os.nice(0) + 3),
        subreaper="1", timers="4001 4002 4003",
        Cpus_allowed_list=str(min(os.sched_getaffinity(0))),
        SigIgn=_mask(signal.SIGINT, signal.SIGPIPE, signal.SIGUSR2,
                     signal.SIGTTOU, signal.SIGCHLD),
        SigBlk=_mask(signal.SIGUSR1, signal.SIGWINCH, signal.SIGRTMIN + 1),
        ShdPnd=_mask(signal.SIGUSR1))
    del changed["unusual caller: limits"]  # set by number, shown as a table
    changed["unusual caller: cwd kept"] = True
    return changed


def _files():
    columns = {f"descriptors: fd {n}": "kept"
               for n in (0, 1, 2, 3, 4, 50, 77)}
    columns.update({
        "closed standard files: (0,) closed, open": "1,2",
        "closed standard files: (1,) closed, open": "0,2",
        "closed standard files: (2,) closed, open": "0,1",
        "closed standard files: (0, 1, 2) closed, open": ""})
    for mode in (False, True):
        three = [mode, mode, mode]
        columns[f"non blocking: {mode} at the start"] = (
            f"then {three}, after it {three}")
    columns |= _rows(
        "standard input", file_offset=4, next_line=b"two".hex(),
        offset_after=8, bytes_in_the_pipe=8, left_in_the_pipe=b"one\ntwo\n")
    columns |= _rows(
        "standard output", before_the_command=b"", after_it=b"hello",
        errors_before_the_command=b"", errors_after_it=b"", appending=False)
    return columns


def _signals():
    columns = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2",
                 "SIGALRM", "SIGWINCH", "SIGCONT", "signal 36"):
        columns[f"signals: {name} arrives"] = 1
        columns[f"signals: {name} then status"] = "exit 7"
    for name, number in (("SIGINT", 2), ("SIGTERM", 15), ("SIGSEGV", 11),
                         ("SIGKILL", 9), ("SIGPIPE", 13), ("SIGQUIT", 3)):
        columns[f"deadly signals: {name}"] = f"signal {number}"
    for status in (0, 1, 7, 255, 126, 127):
        columns[f"statuses: exit {status}"] = f"exit {status}"
    columns |= _rows("group signal", SIGTERM_arrives="1")
    columns |= _rows("killed wrapper", caller_sees="signal 9", command="dies")
    columns |= _rows("stopped", caller_sees="stopped 20", command_is="stopped",
                     SIGCONT_arrives=1, goes_on="running", status="exit 7")
    return columns


def _starts():
    failed = ", stdout b'', explained True"
    columns = {f"not started: {name}": f"exit 126{failed}" for name in (
        "directory", "not executable", "below a file", "symlink loop",
        "name too long", "interpreter not executable", "open for writing")}
    columns.update({f"not started: {name}": f"exit 127{failed}" for name in (
        "not found", "not found in PATH", "empty name",
        "missing interpreter")})
    columns.update({
        "scripts: no first line": "exit 7, stdout b'bare 2 a b\\n'",
        "scripts: empty file": "exit 0, stdout b''"})
    for name, status in (("first is not executable", 2),
                         ("a directory before it", 2), ("empty element", 3),
                         ("missing folder first", 2), ("PATH unset, true", 0),
                         ("PATH empty", 3), ("relative", 3),
                         ("true is found", 0)):
        columns[f"search: {name}"] = f"exit {status}, stdout b''"
    for name, status in (("only not executable", 126),
                         ("only a directory", 126), ("PATH unset", 127)):
        columns[f"search: {name}"] = f"exit {status}{failed}"
    return columns


def _terminal():
    columns = _rows("terminal place", execs=True, same_pgrp=True,
                    same_session=True, foreground=True, modes_kept=True)
    columns.update({"interrupt key: SIGINT per ^C": "1",
                    "suspend key: command after ^Z": "stopped",
                    "suspend key: SIGINT per ^C after fg": "1"})
    columns |= _rows("interrupt key", job_after_it="runs")
    columns |= _rows("quit key", SIGQUIT_per_key="1", job_after_it="runs")
    columns |= _rows("resize", SIGWINCH_per_resize="1")
    columns |= _rows("suspend key", shell_sees="stopped 20", SIGCONT_per_fg=1,
                     command_after_fg="running", modes_kept=True)
    columns |= _rows("terminal status", exit_7="exit 7", raise_2="signal 2")
    columns |= _rows("background", shell_sees="stopped 21",
                     reads_after_fg="typed")
    columns |= _rows("hang up", SIGHUP_arrives=1)
    return columns


def expected():
    """Every column whose value can be told beforehand."""
    return (
        _rows("process", same_pid=True, parent_is_the_caller=True,
              group_kept=True, session_kept=True, children="none", threads="1",
              cgroup=_read("/proc/self/cgroup"), status="exit 7")
        | _residue("plain caller") | _unusual()
        | {"child signal ignored: SigIgn": _mask(signal.SIGCHLD),
           "child signal ignored: status": "exit 7"}
        | _files() | _signals() | _starts() | _terminal()
        | _rows("arguments", name=True, as_given=True)
        | _rows("environment", added=[], lost=[]))
