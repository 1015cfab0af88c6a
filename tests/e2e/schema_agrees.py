#!/usr/bin/env python3
"""fitrun.schema.json and `fitrun check` agree: on every descriptor of the repository,
on every mistake that bad_descriptor.sh tries, and on each key with each of many values.
Each key of the parser is in the schema, and no other."""
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import tomllib
except ImportError as missing:
    print(f"SKIPPED: python3 has no {missing.name}")
    sys.exit(77)

SOURCE = pathlib.Path(os.environ["SOURCE"])
SCHEMA = json.loads((SOURCE / "src/stage/fitrun.schema.json").read_text())
DEFINITIONS = SCHEMA["definitions"]

# What a schema cannot say, and fitrun does: (what, whether a file is such a case).
BEYOND = [
    ("a size above 2^63", lambda text: '"9E"' in text),
    ("a whole number written as a fraction: JSON has one kind",
     lambda text: re.search(
         r"(want|reserve|fixed|per_worker|devices) = \[?([01]\.0|9e18)", text)),
    ("the limits of a number in a text",
     lambda text: re.search(r'want = "9999999"|probe_timeout = "(0|25h|9999999)"',
                            text)),
    ("${NAME} of the environment", lambda text: "${N" in text),
    ("a NUL in a text", lambda text: "\\u0000" in text),
]

VALUES = """
"" "x" "two words" "a=b" "0" "1" "8" "9999999" "1.5" "-1" "+1" "cpus" "auto" "on" "off"
"run-one" "fail" "wait" "first" "all" "0,1" "0, GPU-1" "0,,1" "GPU-1" "MIG-2" "pin"
"roundrobin" "even" "model" "processes" "workers" "threads" "350MB" "350 mb" "1.5GiB"
"1.5" "1.GB" "2G" "2Gi" "1B" "1.5B" "0x10" "1e3" "9E" " 1MB" "1MB " "9Mxyz" "1e400GB"
"500ms" "5m" ".5s" "5.s" "0" "25h" "2d" "a\\nb" "\\u202e" "\\u0000" "é"
0 1 8 -1 4194304 4194305 9e18 0.5 0.0 -0.5 1.0 1.5 86401 inf true false
1979-05-27 07:32:00
[] [""] ["x"] ["x",""] ["","x"] ["-j"] ["-"] ["--"] ["--jobs"] ["-j="] ["-a b"] ["N%"]
["N"] ["+N","auto",""] ["<threads>"] ["-j{threads}","x"] ["NAME"] ["A=B"] [" "] [0] [0,1]
[1.5] [1.0] [true] [["x"]] ["1MB",2] ["1MB","x"] ["first"] [{}] [{file="x"}]
{} {file="x"} {file=""} {file=1} {file="x",parse_factor=2} {file="x",parse_factor=0}
{file="x",parse_factor="2"} {file="x",missing="zero"} {file="x",missing="no"}
{file="x",more=1} {file="${NO_SUCH_VARIABLE}"} {env={}} {env={A="x"}} {env={A=1}}
{env={"A=B"="x"}} {env=1} {env={A="\\u0000"}} {fixed=1} {commands=["x"]} {commands=[]}
"""


def values():
    """The values above: TOML, split where a blank is outside of quotes."""
    return re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^\s"])+', VALUES)


def properties(name):
    at = DEFINITIONS
    for part in name.split("."):
        at = at[part] if at is DEFINITIONS else at["properties"][part]
    return list(at["properties"])


def cases():
    """Each key of each table with each value, in a descriptor that is valid without."""
    for table, prefix in (("stage", ""), ("stage.ram", "ram."),
                          ("stage.vram", "vram."), ("stage.inject", "inject."),
                          ("tool", "tool."), ("project", "")):
        for key in properties(table) + ["unknown"]:
            for value in values():
                lines = [f"{prefix}{key} = {value}"]
                if table not in ("project",) and (table, key) not in (
                        ("stage", "ram"), ("stage.ram", "per_worker")):
                    lines.append('ram.per_worker = "1GB"')
                if table == "tool" and key != "commands":
                    lines.append('tool.commands = ["x"]')
                yield "\n".join(lines) + "\n"
    for key in properties("stage"):  # the same below [stages.NAME]
        for value in ('"x"', "1", "{}"):
            yield f"[stages.a]\n{key} = {value}\n"
    for devices in ('"all"', '"0,1"', '"0"', '"first"', "[0]", "[0,1]"):
        for spread in ("", 'spread = "pin"\n'):
            yield f"[vram]\nfixed = 1\ndevices = {devices}\n{spread}"


def files_of_the_repository():
    for folder in ("configs", "examples", "tests/fuzz/corpus/descriptor"):
        for file in sorted((SOURCE / folder).rglob("*.toml")):
            yield file.read_bytes()
    bad = (SOURCE / "tests/e2e/bad_descriptor.sh").read_text()
    for text in re.findall(r"^wrong '([^']*)'", bad, re.MULTILINE):
        yield subprocess.run(["printf", "%b", text], stdout=subprocess.PIPE,
                             check=True).stdout


def file_of_init(wrong):
    """What `fitrun init` writes, which names the schema."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.environ["FITRUN"], "init", "make"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        text = pathlib.Path(folder, "fitrun.toml").read_text()
    named = re.match(r"#:schema (/.*)\n", text)
    if not named or json.loads(pathlib.Path(named[1]).read_text()) != SCHEMA:
        wrong.append(f"init names no schema, or another: {text[:200]}")
    return text.encode()


def plain(value):
    """As JSON has it: a date is nothing that the schema knows."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return None
    return value


def parser_keys():
    """The keys that src/stage/parse*.cpp checks for."""
    keys = set()
    for file in (SOURCE / "src/stage").glob("parse*.cpp"):
        text = file.read_text()
        lists = re.findall(r'check_keys\([^{;]*\{([^}]*)\}', text)
        lists += re.findall(r'Words keys = \{([^}]*)\}', text)
        lists += re.findall(r'keys\.push_back\(([^)]*)\)', text)
        keys.update(re.findall(r'"(\w+)"', " ".join(lists)))
    return keys


def schema_keys(node):
    if isinstance(node, list):
        return set().union(*(schema_keys(one) for one in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    found = set()
    if node.get("additionalProperties") is False:
        found = set(node["properties"])
    return found.union(*(schema_keys(one) for one in node.values()))


def main():
    wrong = []
    for key in sorted(parser_keys() ^ schema_keys(SCHEMA)):
        wrong.append(f"the key {key} is in "
                     f"{'the parser' if key in parser_keys() else 'the schema'} alone")
    validator = jsonschema.Draft7Validator(SCHEMA)
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    texts = [case.encode() for case in cases()] + list(files_of_the_repository())
    texts.append(file_of_init(wrong))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number, text in enumerate(texts):
            pathlib.Path(f"{number}.toml").write_bytes(text)
        names = [f"{number}.toml" for number in range(len(texts))]
        said = subprocess.run([os.environ["FITRUN"], "check", *names], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False, errors="replace",
                              env=os.environ | {"MODEL_DIR": "/models"})
    good = set(re.findall(r"^(\d+)\.toml: ok$", said.stdout, re.MULTILINE))
    if said.returncode != 125 or not good:
        wrong.append(f"fitrun check ended with {said.returncode}: {said.stderr[-500:]}")
    beyond = dict.fromkeys((name for name, _ in BEYOND), 0)
    for number, text in enumerate(texts):
        try:
            parsed = plain(tomllib.loads(text.decode()))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            agreed = str(number) not in good  # no TOML: nothing for a schema
        else:
            agreed = validator.is_valid(parsed) == (str(number) in good)
        if agreed:
            continue
        shown = text.decode(errors="replace")
        names = [name for name, fits in BEYOND if fits(shown)]
        if names and str(number) not in good:
            beyond[names[0]] += 1
        else:
            wrong.append("fitrun check and the schema differ, the first says "
                         f"{'ok' if str(number) in good else 'no'}:\n{shown}")
    wrong += [f"nothing is beyond a schema as {name}" for name in beyond
              if not beyond[name]]
    print(f"{len(texts)} descriptors, {len(good)} of them good")
    if wrong:
        sys.exit(f"{len(wrong)} disagreements\n" + "\n".join(wrong[:15]))


main()
