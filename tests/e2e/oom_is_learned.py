#!/usr/bin/env python3
"""A kill for lack of memory, in a real cgroup: named, tried again, remembered.

The kernel's counter decides, not the exit status. Needs: python3 (standard
library only), a writable memory cgroup.
"""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
sys.dont_write_bytecode = True

from cgroups import find_home, run_in  # noqa: E402

FITRUN = os.path.abspath(os.environ["FITRUN"])
EATER = os.path.abspath(os.path.join(os.environ["HELPERS"], "eater"))
MIB = 1 << 20
# Each worker takes 40 MiB and says that it takes 10.
STAGE = """
want = 8
[ram]
per_worker = "10MiB"
"""


def check(condition, what, *shown):
    if not condition:
        raise AssertionError(what + ": " + " ".join(map(str, shown)))


def records(folder):
    with open(f"{folder}/state/fitrun/runs.jsonl", encoding="ascii") as file:
        return [json.loads(line) for line in file]


def retried(cgroup, folder, stage):
    """8 and 4 workers of 40 MiB are too many for 128 MiB, 2 are not."""
    status, text = run_in(cgroup, FITRUN, "--retry-on-oom", "3", stage, "--",
                          EATER, "<threads>", "40MiB")
    check(status == 0, "it did not end well", status, text)
    check("2 workers of 40MiB" in text, "not with 2 workers", text)
    for workers, after in ((8, 4), (4, 2)):
        check(f"for lack of memory with {workers} workers (" in text and
              f"again with {after}" in text, f"not named at {workers}", text)
    runs = records(folder)
    check([run["workers"] for run in runs] == [8, 4, 2], "records", runs)
    check(all(run["oom_kills"] > 0 for run in runs[:2]), "kills", runs)
    check(runs[2]["oom_kills"] == 0, "kills of the last", runs)
    check(runs[2]["wait_status"] == 0, "end of the last", runs)


def remembered(cgroup, folder, stage):
    status, text = run_in(cgroup, FITRUN, "--retry-on-oom", "3", stage, "--",
                          EATER, "<threads>", "40MiB")
    check(status == 0 and "2 workers of 40MiB" in text, "not at once", text)
    check("again" not in text, "what failed was tried again", text)
    check("reduced workers 8 -> 2: with 4 the kernel has killed" in text,
          "not said", text)
    check(len(records(folder)) == 4, "records", records(folder))


def status_is_no_evidence(cgroup, stage):
    """Workers were killed, and the command says that all is well."""
    status, text = run_in(cgroup, FITRUN, "--retry-on-oom", "3", "-w", "4",
                          stage, "--", "sh", "-c",
                          f"{EATER} $FITRUN_THREADS 48MiB || true")
    check(status == 0, "status", status, text)
    check("again with" in text or "-> 2:" in text, "not noticed", text)


def given_up(cgroup, stage):
    """One worker is too large: the end is the command's."""
    status, text = run_in(cgroup, FITRUN, "--retry-on-oom", "9", "-w", "2",
                          stage, "--", EATER, "<threads>", "200MiB")
    check(status == 1, "the command's status is 1", status, text)
    check("with 1 worker (" in text, "not down to one", text)


def measured(cgroup, folder, stage):
    """Counts that are killed do not count, and the rest is learned."""
    status, text = run_in(cgroup, FITRUN, "measure", "--counts", "1,2,8",
                          "--format", "json", stage, "--", EATER, "<threads>",
                          "40MiB")
    check(status == 0, "status", status, text)
    report = json.loads(text[text.index("{"):text.rindex("}") + 1])
    check({run["workers"] for run in report["runs"]} == {1, 2}, "runs", report)
    check(any("with 8 workers the kernel killed" in note
              for note in report["notes"]), "notes", report["notes"])
    per_worker = report["pools"][0]["per_worker"]
    check(abs(per_worker / (40 * MIB) - 1) < 0.05, "per worker", per_worker)
    # By itself it goes only as far as the limit says.
    status, text = run_in(cgroup, FITRUN, "measure", "--format", "json", "-q",
                          stage, "--", EATER, "<threads>", "40MiB")
    check(status == 0, "status", status, text)
    report = json.loads(text)
    check(max(run["workers"] for run in report["runs"]) == 2, "counts",
          report["runs"])
    check(not report["notes"], "notes", report["notes"])


def run_all(cgroups):
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        os.environ["FITRUN_LEASES"] = "off"
        stage = f"{folder}/s.toml"
        with open(stage, "w", encoding="ascii") as file:
            file.write(STAGE)
        cgroup = cgroups.make(cgroups.home, "job", limit=128 * MIB)
        if cgroups.version == 2:
            # Runs are measured in cgroups below this one's.
            cgroups.hand_down(cgroups.home)
        retried(cgroup, folder, stage)
        remembered(cgroup, folder, stage)
        os.environ["XDG_STATE_HOME"] = f"{folder}/other"
        status_is_no_evidence(cgroup, stage)
        os.environ["XDG_STATE_HOME"] = f"{folder}/third"
        given_up(cgroup, stage)
        measured(cgroup, folder, stage)


def main():
    cgroups = find_home()
    if isinstance(cgroups, str):
        print(f"SKIPPED: no memory cgroup can be made: {cgroups}")
        return 77
    try:
        cgroups.hand_down(cgroups.home)
        run_all(cgroups)
    except AssertionError as error:
        print(f"FAIL {error}")
        return 1
    finally:
        cgroups.remove(cgroups.home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
