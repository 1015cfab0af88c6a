#!/usr/bin/env python3
"""check_readme.py FITRUN [--update]: runs what the README and docs/ show.

A console block must print what it says it prints, on a machine with 8 CPUs and
400 MB free. A sh block must succeed. A toml block must be a valid descriptor.
--update writes the real output of the console blocks into the page. Each page begins
in a fresh tree.
"""
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Blocks that do not run here, and why.
ELSEWHERE = {
    "examples/quickstart.sh": "e2e/examples_quickstart runs it",
    "tests/run.sh": "it runs this check",
}
MEMINFO = """MemTotal:         976563 kB
MemFree:          292968 kB
MemAvailable:     390625 kB
"""
STATUS = "Pid:\t4242\nCpus_allowed_list:\t0-7\n"
# Stands for fitrun on the README's machine.
WRAPPER = """#!/bin/sh
case $1 in
  plan|jobs) verb=$1; shift; exec {fitrun} $verb --root {machine} "$@" ;;
  check|measure|history|leases|request|list|show|init|help) exec {fitrun} "$@" ;;
  *) exec {fitrun} --root {machine} "$@" ;;
esac
"""


class Page:
    def __init__(self, fitrun, folder):
        self.folder = folder
        machine = folder / "machine"
        shutil.copytree(SOURCE / "tests/fixtures/hosts/01-bare-metal-v2-root",
                        machine)
        (machine / "proc/meminfo").write_text(MEMINFO)
        (machine / "proc/self/status").write_text(STATUS)
        (folder / "bin").mkdir()
        self.put("fitrun", WRAPPER.format(fitrun=fitrun, machine=machine))
        # Packages are there, or the block fails; nothing is installed from here.
        self.put("apt-get", "#!/bin/sh\nexit 100\n")
        shutil.copytree(SOURCE / "examples", folder / "tree/examples",
                        ignore=shutil.ignore_patterns("site", "cache"))
        subprocess.run([folder / "tree/examples/html/make-pages"], check=True)
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("FITRUN", "LC_", "XDG_"))}
        self.environment.update(
            PATH=f"{folder}/bin:{os.environ['PATH']}", HOME=str(folder),
            LANG="C.UTF-8", MODEL_DIR="/models")

    def put(self, name, text):
        program = self.folder / "bin" / name
        program.write_text(text)
        program.chmod(0o755)

    def bash(self, script, folder, **options):
        return subprocess.run(["bash", "-c", script], cwd=folder, text=True,
                              env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, **options)

    def console(self, block):
        """The block as it really looks."""
        commands = [line[2:] for line in block.splitlines()
                    if line.startswith("$ ")]
        marks = [f"\n--- {number} of {id(self)}\n"
                 for number in range(len(commands))]
        script = "exec 2>&1\n" + "\n".join(
            f"{command}\nprintf %s '{mark}'"
            for command, mark in zip(commands, marks))
        left = self.bash(script, self.folder / "tree").stdout
        real = ""
        for command, mark in zip(commands, marks):
            said, _, left = left.partition(mark)
            real += f"$ {command}\n{said}"
        return real

    def fails(self, language, block):
        """Why a block that has no output is wrong; empty if it is right."""
        if language == "text" or block.strip() in ELSEWHERE:
            return ""
        if language == "sh":
            done = self.bash("set -e\n" + block, SOURCE)
        elif language == "toml":
            stage = self.folder / "tree/examples/html/stages/readme.toml"
            stage.write_text(block)
            done = self.bash(f"fitrun check {stage}", self.folder)
        else:
            return f'blocks of "{language}" are not known here'
        return done.stdout if done.returncode else ""


def check(path, fitrun, update):
    """How many blocks of the page are wrong; empty where it has none."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(SOURCE)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        page = Page(fitrun, pathlib.Path(folder))
        parts, end = [], 0
        for found in FENCE.finditer(text):
            language, block = found.groups()
            line = text.count("\n", 0, found.start()) + 1
            parts.append(text[end:found.start(2)])
            end = found.end(2)
            if language == "console":
                real = page.console(block)
                if real != block:
                    bad += 1
                    print(f"{name}:{line}: prints something else")
                    sys.stdout.writelines(difflib.unified_diff(
                        block.splitlines(True), real.splitlines(True),
                        str(name), "really"))
                parts.append(real)
                continue
            parts.append(block)
            why = page.fails(language, block)
            if why:
                bad += 1
                print(f"{name}:{line}: {why}")
        parts.append(text[end:])
        if update:
            path.write_text("".join(parts), encoding="utf-8")
    return bad if parts[1:] else None


def main():
    update = "--update" in sys.argv
    pages = [SOURCE / "README.md", *sorted((SOURCE / "docs").glob("*.md"))]
    found = [check(page, sys.argv[1], update) for page in pages]
    if found[0] is None:
        sys.exit("README.md: no blocks")
    sys.exit(any(found))


main()
