#!/usr/bin/env python3
"""The conformance tests can fail: they see each fault of a wrong wrapper.

env must measure what was worked out beforehand, `nice -n 0` must equal env, and
every fault of tests/helpers/wrong_wrapper.cpp must show in its columns.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
sys.dont_write_bytecode = True

import env_expected  # noqa: E402
from bench import measure  # noqa: E402
from conformance import TARGET, differences, require_target  # noqa: E402

WRONG = os.path.join(os.path.dirname(TARGET), "wrong_wrapper")

# fault -> columns in which it must show
FAULTS = {
    "umask": ["plain caller: umask", "unusual caller: umask"],
    "cwd": ["unusual caller: cwd kept", "search: relative"],
    "nice": ["plain caller: niceness", "unusual caller: niceness"],
    "limit": ["plain caller: limits", "unusual caller: limits"],
    "core": ["plain caller: limits"],
    "pin": ["plain caller: Cpus_allowed_list"],
    "block": ["plain caller: SigBlk", "unusual caller: SigBlk",
              "signals: SIGTERM arrives", "group signal: SIGTERM arrives"],
    "unblock": ["unusual caller: SigBlk"],
    "take-pending": ["unusual caller: ShdPnd"],
    "ignore": ["plain caller: SigIgn"],
    "ignore-int": ["plain caller: SigIgn", "signals: SIGINT arrives",
                   "interrupt key: SIGINT per ^C",
                   "suspend key: SIGINT per ^C after fg"],
    "restore-int": ["unusual caller: SigIgn"],
    "restore-chld": ["unusual caller: SigIgn", "child signal ignored: SigIgn"],
    "timer": ["plain caller: timers"],
    "no-timer": ["unusual caller: timers"],
    "subreaper": ["plain caller: subreaper"],
    "death-signal": ["plain caller: parent death signal"],
    "slack": ["plain caller: timer slack"],
    "privileges": ["plain caller: NoNewPrivs"],
    "policy": ["plain caller: policy", "unusual caller: policy"],
    "personality": ["plain caller: personality"],
    "oom-score": ["plain caller: oom_score_adj"],
    "merge-output": ["descriptors: fd 2"],
    "child": ["process: children"],
    "leak": ["descriptors: fd 5", "closed standard files: (0,) closed, open"],
    "close": [f"descriptors: fd {n}" for n in (3, 4, 50, 77)],
    "open": ["closed standard files: (0, 1, 2) closed, open",
             "closed standard files: (1,) closed, open"],
    "stdin-null": ["descriptors: fd 0", "standard input: bytes in the pipe",
                   "terminal place: foreground"],
    "non-blocking": ["non blocking: False at the start"],
    "blocking": ["non blocking: True at the start"],
    "read": ["standard input: file offset", "standard input: next line",
             "standard input: left in the pipe"],
    "stdout": ["standard output: before the command",
               "not started: not found"],
    "stderr": ["standard output: errors before the command"],
    "append": ["standard output: appending"],
    "terminal": ["terminal place: modes kept", "suspend key: modes kept"],
    "brackets": ["arguments: arguments"],
    "empty": ["arguments: arguments"],
    "dashes": ["arguments: arguments"],
    "add": ["environment: added"],
    "drop": ["environment: lost"],
    "sort": ["environment: order"],
    "wait": ["process: same pid", "terminal place: execs",
             "signals: SIGTERM arrives", "signals: SIGTERM then status",
             "interrupt key: SIGINT per ^C",
             "interrupt key: job after it", "killed wrapper: command",
             "stopped: command is", "child signal ignored: status",
             "deadly signals: SIGINT", "deadly signals: SIGPIPE",
             "unusual caller: timers"],
    "forward": ["interrupt key: SIGINT per ^C", "quit key: SIGQUIT per key",
                "resize: SIGWINCH per resize", "group signal: SIGTERM arrives",
                "suspend key: SIGINT per ^C after fg",
                "deadly signals: SIGTERM"],
    "deaf": ["signals: SIGINT arrives", "signals: SIGTERM then status"],
    "group": ["process: group kept", "terminal place: same pgrp"],
    "session": ["process: session kept", "terminal place: foreground",
                "interrupt key: SIGINT per ^C", "resize: SIGWINCH per resize",
                "hang up: SIGHUP arrives", "suspend key: command after ^Z"],
    "truth": ["statuses: exit 7", "statuses: exit 255", "process: status",
              "terminal status: exit 7"],
    "fail-1": ["not started: not found", "not started: directory"],
    "fail-127": ["not started: not executable", "not started: symlink loop"],
    "fail-silently": ["not started: not found"],
    "fail-aloud": ["not started: not found"],
    "no-search": ["search: PATH unset, true", "scripts: no first line"],
    "first-in-path": ["search: first is not executable",
                      "search: a directory before it",
                      "scripts: no first line"],
}


def scenarios_of(columns):
    return {column.partition(":")[0] for column in columns}


def check_env(measured):
    failures = []
    for column, value in env_expected.expected().items():
        got = measured.get(column, "(not measured)")
        if got != value:
            failures.append(f"env: {column}: {got!r}, expected {value!r}")
    return failures


def check_fault(fault, baseline):
    wanted = FAULTS[fault]
    scenarios = scenarios_of(wanted)
    measured = measure([WRONG, fault], TARGET, 10, scenarios)
    expected = {column: value for column, value in baseline.items()
                if column.partition(":")[0] in scenarios}
    seen = {column for column, _, _ in differences(expected, measured)}
    print(f"{fault:14} seen in {len(seen)} columns")
    return [f"{fault} does not show in: {column}"
            for column in wanted if column not in seen]


def main():
    require_target()
    baseline = measure(["env"], TARGET, 30)
    failures = check_env(baseline)
    for column, want, value in differences(
            baseline, measure(["nice", "-n", "0"], TARGET, 30)):
        failures.append(f"nice: {column}: {value!r}, but env: {want!r}")
    listed = subprocess.run([WRONG, "list"], capture_output=True, text=True,
                            check=True).stdout.split()
    if sorted(listed) != sorted(FAULTS):
        failures.append(f"faults without columns: {set(listed) ^ set(FAULTS)}")
    for fault in FAULTS:
        failures += check_fault(fault, baseline)
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
