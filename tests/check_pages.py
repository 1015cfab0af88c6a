#!/usr/bin/env python3
"""check_pages.py [--update]: fitrun(5) has every key of the descriptor, below the
heading of its table, and fitrun-tools(7) every ready-made descriptor with its bound.
--update writes the second anew. The table of docs/descriptor.md has the same costs, and
the examples of fitrun(1) name what there is."""
import json
import pathlib
import re
import sys
import tomllib

SOURCE = pathlib.Path(__file__).resolve().parent.parent
DOC = SOURCE / "src/cli/doc"
# The headings of fitrun(5), and the table of the schema that each is about.
TABLES = {
    "The stage": "stage",
    "[ram] and [vram]": "stage.vram",
    "A cost that is a file": "term",
    "[inject]": "stage.inject",
    "[tool]": "tool",
}
HEAD = r""".\" Written by tests/check_pages.py --update from configs/.
.TH FITRUN\-TOOLS 7 "" "fitrun" "Miscellaneous Information"
.SH NAME
fitrun\-tools \- the tools that fitrun knows, and what a worker of each may take
.SH DESCRIPTION
.B fitrun
before the command line of one of these needs no descriptor. The bound is what a worker
is taken to need until runs here have taught better
.RB ( "fitrun history" );
where the figure comes from is told by
.BI "fitrun show " NAME \fR.
A descriptor of that name in
.I ~/.config/fitrun
goes before it.
"""
FOOT = r""".SH SEE ALSO
.BR fitrun (1),
.BR fitrun (5)
"""
JOBS = {"processes": "Jobs are processes, and can be held.",
        "workers": "Workers are processes that take many jobs.",
        "threads": "Workers are threads."}


def roff(text):
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")
    return re.sub(r"^\.", r"\&.", text, flags=re.MULTILINE)


def opening(text):
    """What the first comment says, and the command lines that it shows."""
    comment = re.match(r"(?:#.*\n)+", text)[0]
    lines = [line[1:].removeprefix(" ") for line in comment.splitlines()]
    if "" in lines:
        lines = lines[:lines.index("")]
    said, _, shown = re.sub(r"\n {2,}", "   ", "\n".join(lines)).partition("   ")
    return " ".join(said.split()), [
        one.strip() for one in re.split(r" {3,}|\n", shown) if one.strip()]


def bound(descriptor):
    costs = []
    for pool in ("ram", "vram"):
        table = descriptor.get(pool, {})
        for key, words in (("fixed", "once"), ("per_worker", "for each worker")):
            if key in table:
                value = table[key]
                costs.append(f"{value if isinstance(value, str) else 'files'} {words}")
    return "Bound: " + " and ".join(costs) + "."


def entry(names, file):
    text = file.read_text()
    descriptor = tomllib.loads(text)
    said, shown = opening(text)
    tool = descriptor.get("tool")
    lines = [".TP", ".B " + roff(", ".join(names)), roff(said), roff(bound(descriptor))]
    if tool:
        begins = [line for line in tool["commands"] if line not in names]
        if begins:
            lines.append(roff(f"Also: {', '.join(begins)}."))
        if tool.get("count"):
            lines.append(roff(f"Number: {', '.join(tool['count'])}."))
        jobs = JOBS[tool.get("jobs", "processes")]
        if descriptor.get("hold") == "off":
            jobs = "Jobs are processes with time limits, held with --hold alone."
        lines.append(roff(jobs))
    if shown:
        lines += [".IP", ".nf", *(roff(one) for one in shown), ".fi"]
    return "\n".join(lines) + "\n"


def tools_page():
    names = {}
    for file in sorted((SOURCE / "configs").glob("*.toml")):
        names.setdefault(file.resolve(), []).append(file.stem)
    page = {True: ".SH TOOLS\n", False: ".SH STAGES\nTo be named before a command.\n"}
    for file, all_names in names.items():
        all_names.sort(key=lambda name: name != file.stem)
        page["[tool]" in file.read_text()] += entry(all_names, file)
    return HEAD + page[True] + page[False] + FOOT


def missing_keys(page):
    """Keys of the schema that the page lacks, and others that it has."""
    definitions = json.loads(
        (SOURCE / "src/stage/fitrun.schema.json").read_text())["definitions"]
    sections = dict(zip(*[iter(re.split(r"^\.S[SH] (.*)\n", page, flags=re.M)[1:])] * 2))
    for heading, name in TABLES.items():
        table = definitions
        for part in name.split("."):
            table = (table if table is definitions else table["properties"])[part]
        if name == "term":
            table = table["anyOf"][1]
        found = re.findall(r"^\.TP\n\.BR? (\w+)", sections.get(heading, ""), re.M)
        for key in sorted(set(table["properties"]) ^ set(found)):
            yield f"fitrun.5, {heading}: {key} is there or in the schema, not in both"


def wrong_costs(page):
    """What the table of ready-made descriptors says of a cost that configs/ does not."""
    for row in re.findall(r"^\| `.*", page.partition("## Ready-made")[2], re.M):
        names, said = row.split("|")[1:3]
        figures = re.findall(r"[\d,]+ [KMG]i?B", said)
        said = {figure.replace(",", "").replace(" ", "") for figure in figures}
        costs = {tomllib.loads((SOURCE / f"configs/{name}.toml").read_text())
                 ["ram"]["per_worker"]
                 for name in re.findall(r"`([a-z][\w-]*)", names)}
        if said and said != costs:
            yield f"docs/descriptor.md, {names.strip()}: {said} in place of {costs}"


def unknown_names(page):
    """Words behind fitrun in the examples that are no command, tool or path."""
    shown = page.replace("\\", "").partition(".SH EXAMPLES")[2]
    for word in re.findall(r"fitrun (?:plan --format threads )?([a-z]\S*?)\)?[\s\"]", shown):
        if not ("/" in word or f"\n.B {word}\n" in page
                or (SOURCE / f"configs/{word}.toml").exists()):
            yield f"fitrun.1, EXAMPLES: there is no {word}"


def main():
    page = DOC / "fitrun-tools.7"
    expected = tools_page()
    if sys.argv[1:] == ["--update"]:
        page.write_text(expected)
    wrong = [*missing_keys((DOC / "fitrun.5").read_text()),
             *wrong_costs((SOURCE / "docs/descriptor.md").read_text()),
             *unknown_names((DOC / "fitrun.1").read_text())]
    if page.read_text() != expected:
        wrong.append("fitrun-tools.7 is not what configs/ says: run "
                     "tests/check_pages.py --update")
    sys.exit("\n".join(wrong) or None)


main()
