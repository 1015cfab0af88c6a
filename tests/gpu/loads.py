"""Checks that take memory, by take.py, and see what fitrun makes of it.

Each yields Results. What is right comes from the amounts taken and from the
arithmetic that is written here, never from fitrun.
"""
import json
import math
import os
import time

import cards
import program
from bench import MIB, SLACK, verdict
from report import FAILED, NOT_DONE, Result, size


def load_and_see(bench):
    """A known amount is taken: `available` falls by it, and rises again."""
    name = "available falls by what is taken"
    amount = min(1024 * MIB, bench.share(0.25))
    before, tool_before = bench.available(), bench.tool_free()
    command = program.take(bench.runtime, "hold", amount)
    with program.Holder(bench.fitrun, command) as holder:
        holder.wait_for("context")
        bench.context = max(0, before - bench.available())
        middle, tool_middle = bench.available(), bench.tool_free()
        holder.go_on()
        holder.wait_for("loaded")
        after, tool_after = bench.available(), bench.tool_free()
    fall = middle - after
    tool_fall = None if tool_after is None else tool_middle - tool_after
    text = (f"{size(amount)} taken: falls by {size(fall)}, by "
            f"{'-' if tool_fall is None else size(tool_fall)} in {bench.tool}; "
            f"a context takes {size(bench.context)}")
    yield verdict(name, abs(fall - amount) <= bench.slack, text, taken=amount,
                  fall=fall, tool_fall=tool_fall, context=bench.context,
                  before=before, tool_before=tool_before)
    begin = time.monotonic()
    back = program.until(
        lambda: abs(bench.available() - before) <= bench.slack, 15)
    yield verdict("available rises when a program ends", back,
                  f"{size(bench.available())} of {size(before)} after "
                  f"{time.monotonic() - begin:.1f} s", before=before)


def fit(bench):
    """A stage that would not fit at `want`, and does with fitrun's count.

    A worker costs two sevenths of the budget, so that three fit with room on
    both sides.
    """
    name = "fitrun's count fits"
    available = bench.available()
    per_worker = bench.share(0.7 / 3.5)
    want = math.ceil(available / per_worker) + 2
    job = ("job", "<threads>", bench.load_of(per_worker), 1)
    words = ["--pool", "vram", "--per-worker", str(per_worker), "--want"]
    done = bench.fitrun.run(*words, str(want), "--",
                            *program.take(bench.runtime, *job))
    said = done.stdout.strip() or done.stderr.strip()
    good = done.returncode == 0 and said.startswith("3 of 3 ")
    yield verdict(name, good, f"{said}; {want} wanted of {size(per_worker)} each, "
                  f"{size(available)} available", available=available,
                  per_worker=per_worker, want=want, said=said)
    yield overfill(bench, words, job, want)


def overfill(bench, words, job, want):
    """The same job at `want`: without this the check above shows nothing."""
    name = "the count that was wanted does not fit"
    gpu = bench.fitrun.gpu(program.key_of(bench.first))
    used = gpu.get("total", 0) - gpu.get("free", 0)
    if bench.options.fill == "no":
        return Result(name, NOT_DONE, "--no-fill")
    if used > gpu.get("total", 0) / 10 and bench.options.fill != "yes":
        return Result(name, NOT_DONE, f"{size(used)} of the card is in use, and "
                      "whoever has it could fail; --fill does it all the same")
    if gpu["memory"] == "ram":
        return Result(name, NOT_DONE, "it would fill the machine's RAM")
    done = bench.fitrun.run(
        *words, str(want), "--as-is", "--",
        *program.take(bench.runtime, "job", want, *job[2:]))
    said = done.stdout.strip() or done.stderr.strip()
    if done.returncode == 0:
        return Result(name, NOT_DONE, f"{said}: the driver gives more than the "
                      "card has (memory of the machine?)", {"said": said})
    return verdict(name, "had their memory" in said, said, said=said)


def pin(bench):
    """spread = "pin": a copy on each card, with its own count."""
    name = 'spread = "pin"'
    if bench.mig:
        yield Result(name, NOT_DONE, "a program sees one MIG instance only")
        return
    right = program.seen_by_program(bench.fitrun, bench.runtime, {})
    room = {program.key_of(gpu): gpu["available"] for gpu in bench.visible}
    per_worker = int(0.7 * min(room.values()) / 2.5)
    stage = bench.fitrun.stage(f'want = 999\n[vram]\nper_worker = {per_worker}\n'
                               'devices = "all"\nspread = "pin"\n')
    folder = os.path.join(bench.fitrun.folder, "copies")
    os.mkdir(folder)
    done = bench.fitrun.run(stage, "--", *program.take(
        bench.runtime, "note", folder, "<threads>"))
    copies = []
    for entry in os.listdir(folder):
        with open(os.path.join(folder, entry), encoding="utf-8") as file:
            copies.append(json.load(file))
    counts = {copy["devices"][0]: copy["workers"] for copy in copies
              if len(copy["devices"]) == 1}
    # A card between two counts may have moved from one to the other.
    good = (done.returncode == 0 and len(copies) == len(right)
            and sorted(counts) == sorted(right)
            and all(abs(counts[key] - 0.7 * room[key] / per_worker) < 1.5
                    for key in right))
    text = "; ".join(f"card {right.index(key) if key in right else '?'}: "
                     f"{counts[key]} workers" for key in sorted(
                         counts, key=lambda key: (*right, key).index(key)))
    yield verdict(name, good, f"{len(copies)} copies for {len(right)} cards; "
                  f"{text or done.stderr.strip()}",
                  counts=list(counts.values()), status=done.returncode)


def leases(bench):
    """A launch beside another counts on what that one has left, before it has
    taken its memory and after.

    Five and a half workers fit, and the first launch has two.
    """
    name = "leases of two launches"
    per_worker = bench.share(1 / 5.5)
    load = 2 * per_worker - bench.context - 32 * MIB
    bench.load_of(per_worker)
    stage = bench.fitrun.stage(f"want = 99\n[vram]\nheadroom = 1\n"
                               f"per_worker = {per_worker}\n")
    alone = bench.fitrun.threads(stage)
    command = [bench.fitrun.path, "-q", stage, "--want", "2", "--",
               *program.take(bench.runtime, "hold", load)]
    with program.Holder(bench.fitrun, command) as holder:
        holder.wait_for("context")
        before = bench.fitrun.threads(stage)
        holder.go_on()
        holder.wait_for("loaded")
        after = bench.fitrun.threads(stage)
    counts = {"alone": alone, "before": before, "after": after}
    text = (f"5 fit: {alone} alone; beside a launch of 2: {before} before it "
            f"has its memory, {after} after")
    if in_first_namespace() or bench.runtime != "cuda":
        right = (5, 3, 3)
    else:
        right = (5, int(3.5 - bench.context / per_worker), 1)
        text += " (a container's pids: what it holds counts in full)"
    yield verdict(name, tuple(counts.values()) == right, text, **counts)


def in_first_namespace():
    """NVML's pids are those of the first pid namespace (include/linux/proc_ns.h)."""
    return os.stat("/proc/self/ns/pid").st_ino == 0xEFFFFFFC


def measured_vram(bench, prefix=()):
    """What `fitrun measure` says of a job that holds a known amount a worker."""
    per_worker = bench.share(0.7 / 3.5)
    load = bench.load_of(per_worker)
    stage = bench.fitrun.stage(f"want = 2\n[vram]\nper_worker = {per_worker}\n")
    begin = time.monotonic()
    bench.available()
    # The driver is asked a tenth of the time at most, so a run has to last.
    seconds = min(60, max(bench.options.seconds,
                          15 * (time.monotonic() - begin)))
    said = bench.fitrun.json(
        "measure", "-q", "--format", "json", "--counts", "1,2", "--repeat", "2",
        stage, "--", *program.take(bench.runtime, "job", "<threads>", load,
                                   seconds), prefix=prefix)
    pools = [pool for pool in said["pools"] if pool["pool"] == "vram"]
    return load, pools[0] if pools else {}, said.get("notes", [])


def measure(bench):
    name = "measure of VRAM by process"
    load, pool, notes = measured_vram(bench)
    if not pool.get("learned"):
        why = "; ".join(notes) or "nothing was learned"
        known = not in_first_namespace() and bench.runtime == "cuda"
        yield Result(name, NOT_DONE if known else FAILED, why)
        return
    found = pool["per_worker"]
    good = load - SLACK <= found <= load + bench.context + SLACK
    yield verdict(name, good, f"{size(found)} a worker; it takes {size(load)} and "
                  f"a context of up to {size(bench.context)}", per_worker=found,
                  fixed=pool["fixed"], load=load, context=bench.context)


def container(bench):
    """In a pid namespace of its own, as in a container: the same numbers, and
    NVML's pids, which mean other processes there, are not believed."""
    name = "a container's pid view"
    unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    try:
        cards.ask(*unshare, "true")
    except cards.Silent as why:
        yield Result(name, NOT_DONE, str(why))
        return
    outside = bench.available()
    inside = bench.fitrun.gpu(program.key_of(bench.first), prefix=unshare)
    free = inside.get("available", 0)
    yield verdict(name + ": available", abs(free - outside) <= bench.slack,
                  f"{size(free)}, outside {size(outside)}", inside=free,
                  outside=outside)
    load, pool, notes = measured_vram(bench, prefix=unshare)
    name += ": measure"
    if not pool.get("learned"):
        yield verdict(name, any("nobody tells" in note for note in notes),
                      "; ".join(notes), notes=notes)
        return
    found = pool["per_worker"]
    yield verdict(name, abs(found - load) <= bench.context + SLACK,
                  f"{size(found)} a worker, which takes {size(load)}",
                  per_worker=found, load=load)
