"""What a wrapper does when the command cannot be started, or hardly.

Statuses 126 and 127 are those of env(1): 127 only where no such file exists.
"""

import os
import shutil

from bench import scenario


def _attempt(bench, *command, **state):
    """Status, stdout and, for a failure, whether stderr explains it."""
    out, err = bench.file("out"), bench.file("err")
    wrapper = bench.run(*command, files={1: out, 2: err}, **state)
    status = wrapper.wait()
    says_why = bool(os.pread(err, 1000, 0).strip())
    text = f"{status}, stdout {os.pread(out, 1000, 0)!r}"
    failed = status in ("exit 125", "exit 126", "exit 127")
    return text + (f", explained {says_why}" if failed else "")


@scenario
def not_started(bench):
    """Each way in which execvp fails."""
    plain = bench.script("plain", b"echo no\n", 0o644)
    os.symlink("loop", bench.path("loop"))
    os.mkdir(bench.path("folder"))
    commands = {
        "directory": bench.path("folder"),
        "not executable": plain,
        "not found": bench.path("nothing"),
        "not found in PATH": "no-such-command-anywhere",
        "empty name": "",
        "below a file": plain + "/x",
        "symlink loop": bench.path("loop"),
        "name too long": "x" * 5000,
        "missing interpreter": bench.script(
            "stray", b"#!/no/such/interpreter\n"),
        "interpreter not executable": bench.script(
            "closed", b"#!" + plain.encode() + b"\n"),
    }
    columns = {name: _attempt(bench, command)
               for name, command in commands.items()}
    busy = os.open(bench.path("busy"), os.O_RDWR | os.O_CREAT, 0o755)
    with open(bench.target, "rb") as program:
        os.write(busy, program.read())
    columns["open for writing"] = _attempt(bench, bench.path("busy"))
    os.close(busy)
    return columns


@scenario
def scripts(bench):
    """A script without #! is run by sh, as execvp does (ENOEXEC)."""
    bare = bench.script("bare", b'echo "${0##*/} $# $2"\nexit 7\n')
    empty = bench.script("empty", b"")
    return {"no first line": _attempt(bench, bare, "1", "a b"),
            "empty file": _attempt(bench, empty)}


@scenario
def search(bench):
    """PATH is searched as execvp does it."""
    for folder in ("one", "two", "three"):
        os.mkdir(bench.path(folder))
    bench.script("one/tool", b"#!/bin/sh\nexit 1\n", 0o644)
    bench.script("two/tool", b"#!/bin/sh\nexit 2\n")
    os.mkdir(bench.path("three/tool"))
    bench.script("tool", b"#!/bin/sh\nexit 3\n")

    def at(*folders):
        path = ":".join(bench.path(f) if f else "" for f in folders)
        return {"environment": (b"PATH=" + path.encode(),),
                "cwd": bench.folder}

    columns = {
        "first is not executable": _attempt(bench, "tool", **at("one", "two")),
        "only not executable": _attempt(bench, "tool", **at("one")),
        "a directory before it": _attempt(bench, "tool", **at("three", "two")),
        "only a directory": _attempt(bench, "tool", **at("three")),
        "empty element": _attempt(bench, "tool", **at("", "two")),
        "missing folder first": _attempt(bench, "tool", **at("none", "two")),
        "PATH unset": _attempt(bench, "tool", environment=(b"A=1",)),
        "PATH unset, true": _attempt(bench, "true", environment=(b"A=1",)),
        "PATH empty": _attempt(bench, "tool", cwd=bench.folder,
                               environment=(b"PATH=",)),
        "relative": _attempt(bench, "./tool", cwd=bench.folder),
    }
    columns["true is found"] = _attempt(bench, shutil.which("true"))
    return columns
