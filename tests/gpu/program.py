"""Calls of fitrun, and of take.py as the program that fitrun is to start."""
import json
import os
import pathlib
import select
import subprocess
import sys
import time

import cards
import visible

TAKE = str(pathlib.Path(__file__).parent / "take.py")


class Broken(Exception):
    """fitrun or a program below it did what it must not, as a sentence."""


class Fitrun:
    """The program under test, in a folder of its own: no lease, record or
    descriptor of the user is seen, and no visibility variable is set but by the
    check."""

    def __init__(self, path, folder):
        self.path = path
        self.folder = folder
        self.environment = {
            name: value for name, value in os.environ.items()
            if name not in visible.VARIABLES
            and (not name.startswith("FITRUN_") or name == "FITRUN_GPU_TIMEOUT")}
        leases = os.path.join(folder, "leases")
        os.mkdir(leases, 0o700)
        self.environment.update(FITRUN_LEASES=leases, NO_COLOR="1",
                                FITRUN_STATE=os.path.join(folder, "state"))

    def with_variables(self, variables):
        return {**self.environment, **variables}

    def run(self, *words, variables=None, prefix=(), timeout=600):
        """As subprocess.run, with standard error apart."""
        return subprocess.run(
            [*prefix, self.path, *words], cwd=self.folder, text=True,
            env=self.with_variables(variables or {}), check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=timeout)

    def json(self, *words, **options):
        done = self.run(*words, **options)
        if done.returncode:
            raise Broken(f"fitrun {words[0]} ended with {done.returncode}: "
                         f"{done.stderr.strip()}")
        return json.loads(done.stdout)

    def gpus(self, **options):
        """What `probe` lists, without processors that only draw like GPUs."""
        found = self.json("probe", "--format", "json", **options)["gpus"]
        return [gpu for gpu in found if gpu["memory"] == "ram" or "total" in gpu]

    def gpu(self, key, **options):
        for gpu in self.gpus(**options):
            if key_of(gpu) == key:
                return gpu
        raise Broken("fitrun probe does not list the card any more")

    def stage(self, text):
        path = os.path.join(self.folder, "stage.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def threads(self, stage, *words):
        done = self.run("plan", stage, "--format", "threads", *words)
        if done.returncode:
            raise Broken(f"fitrun plan: {done.stderr.strip()}")
        return int(done.stdout)


def key_of(gpu):
    return cards.key(gpu.get("uuid", "") if gpu["vendor"] == "nvidia" else "",
                     gpu.get("address", ""))


def take(runtime, *words):
    """The command line of take.py."""
    return [sys.executable, TAKE, runtime, *map(str, words)]


def seen_by_program(fitrun, runtime, variables):
    """The devices that a program sees under these variables, in its order."""
    done = subprocess.run(take(runtime, "list"), text=True, check=False,
                          env=fitrun.with_variables(variables),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise cards.Silent((done.stderr.strip() or "it died").splitlines()[-1])
    return json.loads(done.stdout)


class Holder:
    """A program that holds memory and is led by lines; ends with the `with`."""

    def __init__(self, fitrun, command):
        self.process = subprocess.Popen(
            command, cwd=fitrun.folder, env=fitrun.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None and self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def wait_for(self, word):
        # It says one word at a time, so none is left behind in a buffer.
        if not select.select([self.process.stdout], [], [], 120)[0]:
            raise cards.Silent(f"no memory could be taken: no \"{word}\" in 120 s")
        line = self.process.stdout.readline().strip()
        if line != word:
            raise cards.Silent(f"no memory could be taken: {line or 'it died'}")

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()


def until(condition, seconds, pause=0.25):
    """Whether the condition held within this time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
