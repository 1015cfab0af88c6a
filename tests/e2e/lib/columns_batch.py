"""What a wrapper does to a command without a terminal.

One function per situation; its columns are compared between wrappers, so the
values only have to be the same for the same behaviour. Nothing here may differ
between two runs of one wrapper (no pids, no inode numbers).
"""

import fcntl
import os
import resource
import signal

from bench import arrivals, scenario

SENT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
        signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGWINCH,
        signal.SIGCONT, signal.SIGRTMIN + 2)
FATAL = (signal.SIGINT, signal.SIGTERM, signal.SIGSEGV, signal.SIGKILL,
         signal.SIGPIPE, signal.SIGQUIT)
STATUSES = (0, 1, 7, 255, 126, 127)


def name_of(number):
    return getattr(number, "name", f"signal {int(number)}")


@scenario
def process(bench):
    """The wrapper becomes the command: the same process, and only that."""
    run = bench.start()
    report = run.target
    columns = {
        "same pid": report.pid == run.wrapper.pid,
        "parent is the caller": report.number("parent") == os.getpid(),
        "group kept": report.number("pgrp") == run.wrapper.pid,
        "session kept": report.number("session") == os.getsid(0),
        "children": report.one("children"),
        "threads": report.status("Threads"),
        "cgroup": report.one("cgroup"),
    }
    columns["status"] = run.finish(7)
    return columns


def residue(report):
    """What survives an exec besides files and arguments."""
    columns = {key: report.one(key) for key in (
        "umask", "niceness", "policy", "parent death signal", "subreaper",
        "timer slack", "personality", "oom_score_adj", "limits")}
    for field in ("SigIgn", "SigBlk", "SigCgt", "ShdPnd", "NoNewPrivs",
                  "Seccomp", "Cpus_allowed_list", "Mems_allowed_list",
                  "CapEff", "CapPrm", "CapInh", "CapAmb", "Groups"):
        columns[field] = report.status(field)
    columns["timers"] = b" ".join(report.report["timers"]).decode()
    return columns


@scenario
def plain_caller(bench):
    """A caller with nothing unusual: whatever shows was added."""
    return residue(bench.start().target)


@scenario
def unusual_caller(bench):
    """A caller that changed all it could: each change must arrive."""
    os.mkdir(bench.path("a b"))
    run = bench.start(
        ignored=(signal.SIGINT, signal.SIGPIPE, signal.SIGUSR2,
                 signal.SIGTTOU, signal.SIGCHLD),
        blocked=(signal.SIGUSR1, signal.SIGWINCH, signal.SIGRTMIN + 1),
        pending=(signal.SIGUSR1,),
        umask=0o027, cwd=bench.path("a b"), niceness=3, subreaper=1,
        cpus=(min(os.sched_getaffinity(0)),),
        timers={signal.ITIMER_REAL: (5000, 4001),
                signal.ITIMER_VIRTUAL: (5000, 4002),
                signal.ITIMER_PROF: (5000, 4003)},
        limits={resource.RLIMIT_NOFILE: (1000, 1200),
                resource.RLIMIT_CORE: (0, 0),
                resource.RLIMIT_STACK: (4 << 20, 16 << 20),
                resource.RLIMIT_FSIZE: (1 << 30, 1 << 31)})
    columns = residue(run.target)
    columns["cwd kept"] = run.target.one("cwd") == bench.path("a b")
    return columns


@scenario
def child_signal_ignored(bench):
    """SIGCHLD ignored by the caller: no hang, no lost status."""
    run = bench.start(ignored=(signal.SIGCHLD,))
    return {"SigIgn": run.target.status("SigIgn"), "status": run.finish(7)}


def kept(bench_files, report):
    """number -> whether it is still the file that was handed in."""
    columns = {}
    for number, (identity, _) in sorted(report.files().items()):
        handed = bench_files.get(number)
        if handed is None:
            columns[f"fd {number}"] = "not the caller's"
            continue
        status = os.fstat(handed)
        same = identity == f"{status.st_dev}:{status.st_ino}"
        columns[f"fd {number}"] = "kept" if same else "another file"
    for number in set(bench_files) - set(report.files()):
        columns[f"fd {number}"] = "lost"
    return columns


@scenario
def descriptors(bench):
    """Inherited ones stay (jobserver 3 and 4, flock 77); none is added."""
    files = {n: bench.file(f"file{n}") for n in (0, 1, 2, 3, 4, 50, 77)}
    run = bench.start(files=files)
    return kept(files, run.target)


@scenario
def closed_standard_files(bench):
    """A caller may close the standard files: they stay closed."""
    columns = {}
    for closed in ((0,), (1,), (2,), (0, 1, 2)):
        run = bench.start(files={number: None for number in closed})
        open_now = ",".join(map(str, sorted(run.target.files())))
        columns[f"{closed} closed, open"] = open_now
    return columns


@scenario
def non_blocking(bench):
    """O_NONBLOCK belongs to the open file, which the caller shares."""
    columns = {}
    for wanted in (False, True):
        pipes = [bench.pipe() for _ in range(3)]
        ours = [pipes[0][0], pipes[1][1], pipes[2][1]]
        for fd in ours:
            os.set_blocking(fd, not wanted)
        run = bench.start(files=dict(enumerate(ours)))
        seen = [bool(flags & os.O_NONBLOCK)
                for _, flags in run.target.files().values()]
        run.finish()
        after = [not os.get_blocking(fd) for fd in ours]
        columns[f"{wanted} at the start"] = f"then {seen}, after it {after}"
    return columns


@scenario
def standard_input(bench):
    """Not one byte is taken from it."""
    text = bench.file("text", b"one\ntwo\nthree\n")
    os.lseek(text, 4, os.SEEK_SET)
    run = bench.start(files={0: text})
    columns = {"file offset": run.target.number("stdin offset"),
               "next line": run.target.ask("line", "line"),
               "offset after": os.lseek(text, 0, os.SEEK_CUR)}
    reader, writer = bench.pipe()
    os.write(writer, b"one\ntwo\n")
    run = bench.start(files={0: reader})
    columns["bytes in the pipe"] = run.target.number("stdin waiting")
    run.finish()
    columns["left in the pipe"] = os.read(reader, 100)
    return columns


@scenario
def standard_output(bench):
    """stdout is the command's alone; so is stderr for a quiet wrapper."""
    out, err = bench.file("out"), bench.file("err")
    run = bench.start(files={1: out, 2: err})
    columns = {"before the command": os.pread(out, 1000, 0),
               "errors before the command": os.pread(err, 1000, 0)}
    run.target.ask("say hello", "said")
    run.finish()
    columns["after it"] = os.pread(out, 1000, 0)
    columns["errors after it"] = os.pread(err, 1000, 0)
    flags = fcntl.fcntl(out, fcntl.F_GETFL)
    columns["appending"] = bool(flags & os.O_APPEND)
    return columns


@scenario
def arguments(bench):
    """Bytes, one by one: nothing is split, dropped or understood."""
    words = ["[1,2]", "", "a b", "--", "-q", "--help", "a\nb", "\x01\udcff",
             "%s", "$HOME", "*", "<nothing>", "{nothing}", "--", "-j=4", "{}"]
    run = bench.start(*words)
    found = run.target.report["arg"][2:]
    return {"arguments": found, "name": run.target.one("arg") == bench.target,
            "as given": found == [os.fsencode(word) for word in words]}


@scenario
def environment(bench):
    """The same entries in the same order, odd ones included."""
    # No home: what one launch learns there would change the next.
    given = (b"PATH=/usr/bin:/bin", b"HOME=/dev/null", b"EMPTY=", b"LINES=a\nb",
             b"BYTES=\xff\x01", b"EQUALS=a=b=c", b"lower=1", b"A B=1",
             b"TWICE=1", b"TWICE=2", b"no equals sign", b"LC_ALL=xx_YY",
             b"LISTEN_PID=1", b"OMP_NUM_THREADS=2", b"LAST=1")
    run = bench.start(environment=given)
    found = run.target.report.get("env", [])
    added = [entry.split(b"=")[0].decode(errors="replace")
             for entry in found if entry not in given]
    return {"added": sorted(added),
            "lost": [entry for entry in given if entry not in found],
            "order": [entry for entry in found if entry in given]}


@scenario
def signals(bench):
    """Each signal sent to the wrapper's pid arrives once."""
    columns = {}
    for number in SENT:
        run = bench.start()
        columns[f"{name_of(number)} arrives"] = run.send(number)
        columns[f"{name_of(number)} then status"] = run.finish(7)
    return columns


@scenario
def group_signal(bench):
    """kill -TERM -pgrp, as an outer timeout or CI sends it."""
    run = bench.start()

    def send():
        os.killpg(run.wrapper.pid, signal.SIGTERM)
        return True

    return {"SIGTERM arrives":
            arrivals(run.wrapper.pid, run.target, signal.SIGTERM, send)}


@scenario
def killed_wrapper(bench):
    """kill -9 of the wrapper: the command must not live on unwatched."""
    run = bench.start()
    os.kill(run.wrapper.pid, signal.SIGKILL)
    status = run.wrapper.wait()
    told = run.target.count(signal.SIGTERM)
    alive = run.target.ask("count", "counts") is not None
    fate = "dies"
    if alive:
        fate = "is told to end" if told else "lives on"
    return {"caller sees": status, "command": fate}


@scenario
def stopped(bench):
    """kill -TSTP and -CONT: the caller sees the stop, the command stops."""
    run = bench.start()
    os.kill(run.wrapper.pid, signal.SIGTSTP)
    columns = {"caller sees": run.wrapper.wait_stopped()}
    run.settle()
    columns["command is"] = run.state()
    os.kill(run.wrapper.pid, signal.SIGCONT)
    columns["SIGCONT arrives"] = run.received(signal.SIGCONT)
    columns["goes on"] = run.state()
    columns["status"] = run.finish(7)
    return columns


@scenario
def deadly_signals(bench):
    """The command kills itself: the caller sees that signal, not 128+n."""
    columns = {}
    for number in FATAL:
        run = bench.start(limits={resource.RLIMIT_CORE: (0, 0)})
        run.target.tell(f"raise {int(number)}")
        columns[name_of(number)] = run.wrapper.wait()
    return columns


@scenario
def statuses(bench):
    """The command's own status passes through."""
    return {f"exit {status}": bench.start().finish(status)
            for status in STATUSES}
