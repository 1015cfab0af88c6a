"""Checks that look and take nothing: fitrun against the drivers' tools and libraries.

Each yields Results.
"""
import cards
import program
import visible
from bench import SLACK, verdict
from report import FAILED, NOT_DONE, Result, size


def compare_memory(bench):
    """Total and free of each card, by fitrun and by the driver's tool.

    The tool is asked before and after, so that what others do meanwhile does not
    count.
    """
    sources = sorted({gpu["source"] for gpu in bench.gpus})
    for source in sources:
        tool, ask = cards.TOOLS.get(source, (source, None))
        name = f"memory as {tool} has it"
        if not ask:
            yield Result(name, NOT_DONE, f"no tool is known for {source}")
            continue
        try:
            before = {card.key: card for card in ask()}
            found = {program.key_of(gpu): gpu for gpu in bench.fitrun.gpus()}
            after = {card.key: card for card in ask()}
        except cards.Silent as why:
            yield Result(name, NOT_DONE, str(why))
            continue
        own = [gpu for gpu in found.values()
               if gpu["source"] == source and gpu["memory"] == "own"]
        for gpu in own:
            yield compare_card(f"{name}, {gpu['name']}", gpu,
                               before.get(program.key_of(gpu)),
                               after.get(program.key_of(gpu)))
        if not own:
            yield Result(name, NOT_DONE, "these GPUs use the machine's RAM")


def compare_card(name, gpu, before, after):
    if not before or not after:
        return Result(name, NOT_DONE, "the tool does not list it (MIG instances "
                      "have no row)")
    low = min(before.free, after.free) - SLACK
    high = max(before.free, after.free) + SLACK
    good = abs(gpu["total"] - before.total) <= SLACK and low <= gpu["free"] <= high
    return verdict(name, good, f"total {size(gpu['total'])}, the tool "
                   f"{size(before.total)}; free {size(gpu['free'])}, the tool "
                   f"{size(before.free)} to {size(after.free)}",
                   total=gpu["total"], free=gpu["free"], tool_total=before.total,
                   tool_free=[before.free, after.free])


def compare_found(bench):
    """fitrun lists every card that a tool lists."""
    found = {program.key_of(gpu) for gpu in bench.gpus}
    for tool, ask in dict(cards.TOOLS.values()).items():
        if tool == "vulkaninfo" and bench.gpus and bench.tool != tool:
            continue  # the exact sources come first
        try:
            listed = ask()
        except cards.Silent:
            continue
        missing = [card.name for card in listed if card.key not in found]
        if listed and not (missing and bench.mig):
            yield verdict(f"cards of {tool}", not missing, "fitrun misses " +
                          ", ".join(missing) if missing else
                          f"{len(listed)} of {len(listed)} are listed")


def compare_visible(bench):
    """Which devices, and in which order, under each visibility variable."""
    name = "devices that a program sees"
    if not bench.runtime:
        yield Result(name, NOT_DONE, "no list of devices is known for "
                     f"{bench.tool}: nothing says what is right")
        return
    try:
        program.seen_by_program(bench.fitrun, bench.runtime, {})
    except cards.Silent as why:
        yield Result(name, NOT_DONE, f"the driver's library: {why}")
        return
    vendor = bench.first["vendor"]
    for other in sorted({gpu["vendor"] for gpu in bench.gpus} - {vendor}):
        yield Result(f"{name}, {other}", NOT_DONE,
                     f"fitrun uses those of {vendor} on this machine")
    uuids = [gpu.get("uuid", "") for gpu in bench.visible]
    cases = (visible.nvidia_cases if vendor == "nvidia"
             else visible.amd_cases)(uuids)
    for label, variables in cases:
        yield compare_case(bench, vendor, label, variables)


def compare_case(bench, vendor, label, variables):
    try:
        right = program.seen_by_program(bench.fitrun, bench.runtime, variables)
        gpus = bench.fitrun.gpus(variables=variables)
    except cards.Silent as why:
        return Result(label, NOT_DONE, f"the driver's library: {why}")
    except program.Broken as why:
        return Result(label, FAILED, str(why))
    # The source that answers in the end may be another vendor's.
    numbers = {gpu["number"]: program.key_of(gpu) for gpu in gpus
               if "number" in gpu and gpu["vendor"] == vendor}
    found = [numbers[number] for number in sorted(numbers)]
    order = [program.key_of(gpu) for gpu in bench.visible]

    def shown(keys):
        places = [str(order.index(key)) if key in order else "?" for key in keys]
        return "card " + ", ".join(places) if places else "no card"

    return verdict(label, found == right, shown(found) if found == right else
                   f"fitrun: {shown(found)}; a program: {shown(right)}",
                   fitrun=shown(found), program=shown(right))
