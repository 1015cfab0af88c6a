#!/usr/bin/env python3
"""Nothing that fitrun writes keeps the command from starting, or costs its end.

A reader of standard error that is gone (SIGPIPE), `ulimit -f 0` (SIGXFSZ), a
terminal that stops what writes from the background (SIGTTOU), a pipe that is
full: in every way to run a command it starts, finds the signals as its caller
left them, and its status is fitrun's. Needs: python3 (standard library only).
"""

import contextlib
import fcntl
import os
import pty
import resource
import select
import signal
import sys
import tempfile
import termios
import time

FITRUN = os.path.abspath(os.environ["FITRUN"])
FAKES = os.path.join(os.path.abspath(os.environ["HELPERS"]), "fake")
# What the command says of itself goes to a descriptor that nobody redirects.
SAYS = 9
# Not of a shell: they block signals while they start something.
COMMAND = ["awk", 'BEGIN { while ((getline line <"/proc/self/status") > 0)'
           f' if (line ~ /^S/) print line >"/dev/fd/{SAYS}"; exit 7 }}']
STATUS = 7
PATIENCE = 60

RAM = 'want = 2\n[ram]\nper_worker = "1MB"\n'
PIN = 'want = 2\n[vram]\nper_worker = "1MB"\ndevices = "all"\nspread = "pin"\n'
GPUS = ";".join(
    f"uuid=GPU-{name},name=A,pci=00000000:0{bus}:00.0,total=9000000,"
    "free=8000000" for name, bus in (("a", 1), ("b", 2)))


def modes(folder):
    ram, pin = f"{folder}/ram.toml", f"{folder}/pin.toml"
    for path, text in ((ram, RAM), (pin, PIN)):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    return {
        "in place": [FITRUN, "-v", ram, "--"],
        "watched": [FITRUN, "-v", "--watch", ram, "--"],
        "tried again": [FITRUN, "-v", "--retry-on-oom", "1", ram, "--"],
        "measured": [FITRUN, "measure", ram, "--"],
        "a copy for each GPU": [FITRUN, "-v", pin, "--"],
    }


def broken_pipe():
    read, write = os.pipe()
    os.close(read)
    return write, None


def full_pipe(flags=0):
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 65536)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"x")
    os.set_blocking(write, bool(flags == 0))
    return write, read


def background():
    """A terminal whose foreground is another group, and that minds."""
    keeper, terminal = pty.openpty()
    attributes = termios.tcgetattr(terminal)
    attributes[3] |= termios.TOSTOP
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)
    return terminal, keeper


def limited():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def ignoring():
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)


def with_one_waiting():
    signal.pthread_sigmask(signal.SIG_BLOCK,
                           {signal.SIGPIPE, signal.SIGUSR1, signal.SIGCHLD})
    for number in (signal.SIGPIPE, signal.SIGUSR1, signal.SIGCHLD):
        os.kill(os.getpid(), number)


# Name, standard error, what the caller does first.
SCENES = (
    ("the reader is gone", broken_pipe, None),
    ("the reader is gone and SIGPIPE ignored", broken_pipe, ignoring),
    ("the reader is gone and SIGPIPE waits", broken_pipe, with_one_waiting),
    ("no file may grow", lambda: (os.open("/dev/null", os.O_WRONLY), None),
     limited),
    ("the pipe is full", full_pipe, None),
    ("the pipe is full and does not block", lambda: full_pipe(os.O_NONBLOCK),
     None),
    ("the terminal stops the background", background, None),
)


def become(argv, stderr, says, scene, before):
    """In the child: the caller of the command."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    if scene is background:
        os.setsid()
        fcntl.ioctl(stderr, termios.TIOCSCTTY, 0)
        worker = os.fork()
        if worker != 0:
            # The foreground, and the one that tells how it went.
            _, status = os.waitpid(worker, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                os.kill(worker, signal.SIGKILL)
                os._exit(100 + os.WSTOPSIG(status))
            os._exit(os.waitstatus_to_exitcode(status) & 255)
        os.setpgid(0, 0)
    os.dup2(stderr, 2)
    os.dup2(os.open("/dev/null", os.O_RDWR), 0)
    os.dup2(0, 1)
    os.dup2(says, SAYS)
    if before:
        before()
    os.execvp(argv[0], argv)


def run(argv, scene, before):
    """The status, and what the command said."""
    stderr, other = scene()
    heard, says = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            become(argv, stderr, says, scene, before)
        finally:
            os._exit(99)
    os.close(says)
    text = b""
    deadline = time.monotonic() + PATIENCE
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([heard], [], [], left)[0]:
            os.kill(child, signal.SIGKILL)
            text += b"(it hangs)"
            break
        block = os.read(heard, 65536)
        if not block:
            break
        text += block
    _, status = os.waitpid(child, 0)
    for fd in (heard, stderr, other):
        if fd is not None:
            os.close(fd)
    return os.waitstatus_to_exitcode(status), text.decode()


def signals_of(text):
    """Blocked, ignored and waiting signals, of each command that spoke."""
    commands, one = set(), {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key not in ("SigPnd", "ShdPnd", "SigBlk", "SigIgn"):
            continue
        one[key] = int(value, 16)
        if len(one) == 4:
            commands.add((one["SigPnd"] | one["ShdPnd"], one["SigBlk"],
                          one["SigIgn"]))
            one = {}
    return commands


def main():
    failures = 0
    for name in [name for name in os.environ if name.startswith("FITRUN_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            XDG_STATE_HOME=f"{folder}/state", FITRUN_LEASES=f"{folder}/leases",
            FITRUN_NVML=f"{FAKES}/libnvidia-ml.so.1", FAKE_NVML_GPUS=GPUS,
            FITRUN_CUDA="/nowhere/libcuda.so.1", TERM="xterm")
        os.mkdir(f"{folder}/leases", 0o700)
        for scene_name, scene, before in SCENES:
            status, text = run(COMMAND, scene, before)
            expected = signals_of(text)
            if status != STATUS or len(expected) != 1:
                sys.exit(f"{scene_name}: alone {status}: {text}")
            for mode, words in modes(folder).items():
                status, text = run(words + COMMAND, scene, before)
                if status == STATUS and signals_of(text) == expected:
                    continue
                failures += 1
                print(f"FAIL: {scene_name}, {mode}: status {status}, "
                      f"signals {signals_of(text)}, not {expected}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
