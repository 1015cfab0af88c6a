"""What the checks found: a table for the eye, a text and a JSON file to send.

The files hold no user, host or path name and no UUID: what could say whose machine
it was is replaced, in every text, by what it stands for.
"""
import dataclasses
import getpass
import json
import os
import platform
import re
import shutil
import socket
import textwrap

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PASSED, FAILED, NOT_DONE = "passed", "FAILED", "not done"


@dataclasses.dataclass
class Result:
    name: str
    state: str  # PASSED, FAILED, NOT_DONE
    text: str  # figures, or why not
    figures: dict = dataclasses.field(default_factory=dict)


def size(count):
    """As people read it; the files have the bytes."""
    return (f"{count / (1 << 30):.2f} GiB" if abs(count) >= 1 << 30
            else f"{count / (1 << 20):.0f} MiB")


class Scrub:
    """Replaces what is nobody's business."""

    def __init__(self, uuids, paths):
        # Parts of texts, then whole words: a user may be called "gpu".
        self.parts = {os.path.expanduser("~"): "<home>"}
        for number, uuid in enumerate(uuids):
            digits = uuid.split("-", 1)[-1]
            for text in (uuid, digits, digits.replace("-", "")):
                self.parts[text] = f"<UUID {number}>"
        self.parts.update((path, "<folder>") for path in paths)
        host = socket.gethostname()
        self.words = {host: "<host>", host.split(".")[0]: "<host>"}
        try:
            self.words[getpass.getuser()] = "<user>"
        except (KeyError, OSError):
            pass
        # Names that many have, and that stand in our own texts.
        for nothing in ("", "/", "/root", "root", "localhost", "user", "nobody",
                        "ubuntu", "nvidia", "amd", "gpu", "cuda"):
            self.parts.pop(nothing, None)
            self.words.pop(nothing, None)

    def text(self, text):
        for part in sorted(self.parts, key=len, reverse=True):
            text = text.replace(part, self.parts[part])
        text = UUID.sub("<UUID>", text)
        for word, name in self.words.items():
            text = re.sub(rf"\b{re.escape(word)}\b", name, text)
        return text

    def value(self, value):
        if isinstance(value, dict):
            return {k: self.value(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return self.text(value) if isinstance(value, str) else value


def machine():
    """What a reader has to know of the machine."""
    try:
        system = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except (OSError, AttributeError):
        system = ""
    try:
        with open("/proc/driver/nvidia/version", encoding="utf-8") as file:
            module = file.readline().strip()
    except OSError:
        module = ""
    return {"nvidia module": module, "kernel": platform.release(), "processor": platform.machine(),
            "system": system, "python": platform.python_version()}


def table(results, width=None):
    width = width or max(60, shutil.get_terminal_size((100, 24)).columns)
    first = max(len(result.name) for result in results) + 2
    # A long name has its text below it.
    first = min(first, width // 2)
    lines = []
    for result in results:
        wrapped = textwrap.wrap(result.text, max(20, width - first - 11)) or [""]
        head = f"{result.name:<{first}}"
        if len(result.name) >= first:
            lines.append(result.name)
            head = " " * first
        lines.append(f"{head}{result.state:<10} {wrapped[0]}".rstrip())
        lines += [" " * (first + 11) + line for line in wrapped[1:]]
    count = {state: sum(result.state == state for result in results)
             for state in (PASSED, FAILED, NOT_DONE)}
    lines.append(", ".join(f"{count[state]} {state.lower()}"
                           for state in (PASSED, FAILED, NOT_DONE)))
    return "\n".join(lines) + "\n"


def write(path, about, results, scrub):
    """PATH.txt and PATH.json."""
    about = scrub.value(about)
    results = [dataclasses.replace(r, name=scrub.text(r.name),
                                   text=scrub.text(r.text),
                                   figures=scrub.value(r.figures))
               for r in results]
    with open(path + ".txt", "w", encoding="utf-8") as file:
        for name in ("fitrun", "system", "kernel", "nvidia module", "driver", "gpus"):
            value = about.get(name) or []
            for line in value if isinstance(value, list) else [value]:
                text = (line if isinstance(line, str) else
                        f"{line['name']}, {size(line.get('total', 0))}, "
                        f"{line.get('address', '')}, by {line['source']}")
                file.write(f"{name}: {text}\n")
        file.write("\n" + table(results, 100))
    with open(path + ".json", "w", encoding="utf-8") as file:
        json.dump({"about": about, "results":
                   [dataclasses.asdict(result) for result in results]},
                  file, indent=1)
        file.write("\n")
