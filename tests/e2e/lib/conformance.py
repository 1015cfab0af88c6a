"""Compares two wrappers column by column and shows the table."""

import functools
import os
import shutil
import sys

import columns_batch  # noqa: F401  the scenarios register themselves
import columns_exec  # noqa: F401
import columns_terminal  # noqa: F401
from bench import measure

TARGET = os.path.abspath(
    os.path.join(os.environ.get("HELPERS", "."), "target"))


def require_target():
    if not shutil.which(TARGET):
        sys.exit(f"no helper {TARGET}: set HELPERS to the tests' build folder")


def only_added(value, allowed):
    """The names a wrapper added to the environment, less the allowed."""
    return [name for name in value if name not in allowed]


def differences(expected, measured, added=(), allowed=None, ignored=()):
    """[(column, expected, measured)] where the wrappers behave differently.

    `added` names variables that the measured wrapper may add. `allowed` maps a
    column to the one other value that is accepted there; in the `ignored`
    columns any value is.
    """
    out = []
    for column in sorted({*expected, *measured} - set(ignored)):
        want = expected.get(column, "(not measured)")
        value = measured.get(column, "(not measured)")
        if column == "environment: added" and isinstance(value, list):
            value = only_added(value, added)
        if allowed and str(value) == allowed.get(column):
            continue
        if value != want or column.endswith(": broke off"):
            out.append((column, want, value))
    return out


def shortened(value):
    text = str(value).replace("\n", "\\n")
    return text if len(text) <= 38 else text[:35] + "..."


def show(expected, measured, different, names):
    """The whole table; rows that differ are marked."""
    marked = {column for column, _, _ in different}
    print(f"  {'column':44} {names[0]:38} {names[1]}")
    for column in measured | expected:
        want = shortened(expected.get(column, "-"))
        value = shortened(measured.get(column, "-"))
        mark = "!" if column in marked else " "
        print(f"{mark} {column:44} {want:38} {value}")
    for column, want, value in different:
        print(f"DIFFERENT {column}")
        print(f"    expected {want!r}\n    measured {value!r}")


@functools.cache
def _measure_once(baseline, seconds, wanted):
    return measure(baseline, TARGET, seconds, wanted)


def compare(baseline, wrapper, seconds, wanted=None, **accepted):
    """Measures both and shows the table; returns the differences.

    `accepted` is what `differences` takes.
    """
    require_target()
    if not shutil.which(wrapper[0]):
        sys.exit(f"no program {wrapper[0]}")
    wanted = wanted and tuple(wanted)
    expected = _measure_once(tuple(baseline), seconds, wanted)
    measured = measure(wrapper, TARGET, seconds, wanted)
    different = differences(expected, measured, **accepted)
    show(expected, measured, different,
         (" ".join(baseline), " ".join(map(os.path.basename, wrapper))))
    return different
