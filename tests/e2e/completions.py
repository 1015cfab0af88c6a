#!/usr/bin/env python3
"""bash, zsh and fish complete what fitrun takes: in each of them TAB is pressed, and
what it offers for each command is what that command's --help has."""
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

SOURCE = pathlib.Path(os.environ["SOURCE"])
FITRUN = os.environ["FITRUN"]
DOC = SOURCE / "src/cli/doc"
DEADLINE = 60  # seconds
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>]|\x1b\][^\x07]*\x07|\r")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


class Typed:
    """A shell at a terminal that is large enough for every list."""

    def __init__(self, command, setup, environment):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execvpe(command[0], command, environment)
        self.pid = pid
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", 300, 200, 0, 0))
        self.marks = 0
        for line in setup:
            os.write(self.fd, line.encode() + b"\n")
        self.answer()

    def read(self, done):
        """What is shown until that is so; all of it where it never is."""
        shown = b""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    shown += os.read(self.fd, 65536)
                except OSError:
                    break
            text = ESCAPES.sub(b" ", shown).decode(errors="replace")
            if done(text):
                return text
        return ESCAPES.sub(b" ", shown).decode(errors="replace")

    def answer(self):
        """Waits for a command of its own, so that all before is done."""
        self.marks += 1
        os.write(self.fd, f"\x15echo mark''{self.marks}\n".encode())
        return self.read(lambda text: f"mark{self.marks}" in text)

    def offered(self, line, expected):
        os.write(self.fd, line.encode() + b"\t")
        shown = self.read(lambda text: all(word in text for word in expected))
        return (shown + self.answer()).split("echo mark")[0]

    def close(self):
        os.write(self.fd, b"\x15exit\n")
        os.close(self.fd)
        os.waitpid(self.pid, 0)


class Fish:
    """It says itself what it would offer."""

    def __init__(self, environment):
        self.environment = environment

    def offered(self, line, _expected):
        said = subprocess.run(["fish", "-c", f"complete -C {line!r}"], text=True,
                              env=self.environment, stdout=subprocess.PIPE, check=False)
        return "\n".join(one.split("\t")[0] for one in said.stdout.splitlines())

    def close(self):
        pass


def shells(folder):
    environment = os.environ | {
        "PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "TERM": "xterm",
        "XDG_CONFIG_HOME": f"{folder}/config", "PS1": "> ", "LC_ALL": "C.UTF-8"}
    yield "bash", lambda: Typed(
        ["bash", "--norc", "--noprofile", "-i"],
        ["bind 'set show-all-if-ambiguous on'", "bind 'set page-completions off'",
         "bind 'set completion-query-items 0'", "bind 'set enable-bracketed-paste off'",
         f". {DOC}/fitrun.bash"], environment)
    yield "zsh", lambda: Typed(
        ["zsh", "-f", "-i"],
        [f"fpath=({folder}/zsh $fpath)", "unset zle_bracketed_paste",
         "unsetopt prompt_sp list_ambiguous",
         "LISTMAX=0; autoload -Uz compinit && compinit -u -D"], environment)
    yield "fish", lambda: Fish(environment)


def expectations():
    """Lines, the words that TAB offers there, and whether these are all options."""
    help_text = subprocess.run([FITRUN, "--help"], text=True, stdout=subprocess.PIPE,
                               check=True).stdout
    verbs = "|".join(re.findall(r"([a-z]+(?:\|[a-z]+)+) \.\.\.", help_text)).split("|")
    for verb in [""] + verbs:
        said = subprocess.run([FITRUN, *verb.split(), "--help"], text=True,
                              stdout=subprocess.PIPE, check=True).stdout
        options = re.findall(r"^  (?:-., |    )(--[a-z-]+)", said, re.MULTILINE)
        yield f"fitrun {verb} --".replace("  ", " "), options, True
    yield "fitrun help ", verbs, False
    yield "fitrun --pool ", ["ram", "vram"], False
    yield "fitrun plan --format ", ["text", "json", "shell", "threads"], False
    yield "fitrun request --format ", ["text", "json", "bytes"], False
    yield "fitrun request --for ", ["slurm", "kubernetes"], False
    yield "fitrun plan ni", ["ninja", "ninja-build"], False
    yield "fitrun plan zeb", ["zebra.toml"], False
    yield "fitrun zebra.toml -- ls zeb", ["zebra.toml", "zebra_crossing"], False
    yield "fitrun ls zeb", ["zebra.toml", "zebra_crossing"], False


def main():
    wrong, lacking = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in ("bin", "zsh", "config/fish/completions"):
            (folder / part).mkdir(parents=True)
        (folder / "bin/fitrun").symlink_to(FITRUN)
        (folder / "zsh/_fitrun").symlink_to(DOC / "fitrun.zsh")
        (folder / "config/fish/completions/fitrun.fish").symlink_to(DOC / "fitrun.fish")
        for file in ("zebra.toml", "zebra_crossing"):
            (folder / file).write_text("")
        os.chdir(folder)
        for shell, start in shells(folder):
            if not shutil.which(shell):
                lacking.append(shell)
                continue
            session = start()
            for line, expected, exactly in expectations():
                if len(wrong) > 3:  # each is waited for
                    break
                shown = session.offered(line, expected)
                found = set(OPTION.findall(shown)) if exactly else set(
                    re.findall(r"[\w.-]+", shown))
                missing = set(expected) - found
                if missing or exactly and found != set(expected):
                    wrong.append(f"{shell}: {line!r}: missing {sorted(missing)}, found "
                                 f"{sorted(found)}")
            session.close()
    if wrong:
        sys.exit("\n".join(wrong))
    if lacking:
        print(f"SKIPPED: not installed: {', '.join(lacking)}")
        sys.exit(77)


main()
