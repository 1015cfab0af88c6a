#!/usr/bin/env python3
"""fitrun itself beside other launches: what it subtracts, says and leaves."""
import json
import os
import re
import subprocess
import time

from leaselib import MIB, cgroup, end, enter, read, run, until

FITRUN = os.environ["FITRUN"]


def launch(w, folder, per_mib, *options, command=("cat",), **popen):
    return w.popen([FITRUN, *options, "--fixed", "0", "--per-worker",
                    f"{per_mib}MiB", "--", *command],
                   preexec_fn=enter(folder), stderr=subprocess.PIPE, **popen)


def threads(w, folder, per_mib, *options):
    p = launch(w, folder, per_mib, *options, command=("echo", "{threads}"))
    out, said = p.communicate(timeout=60)
    return (int(out) if out else None), said, p.returncode


def settled(w, count):
    until(lambda: len(w.leases()) == count, f"{count} leases")


def test_the_second_launch_leaves_room_for_the_first(w):
    with cgroup(400 * MIB) as folder:
        alone, _, _ = threads(w, folder, 20, "--want", "50")
        first = launch(w, folder, 30, "--want", "5", "--label", "first")
        settled(w, 1)
        # 150 MiB less in the budget: of 20 each, 7.5 fewer.
        beside, said, _ = threads(w, folder, 20, "--want", "50")
        assert alone - beside in (7, 8), (alone, beside)
        assert "first" in said and str(first.pid) in said, said
        end(first)
        after, _, _ = threads(w, folder, 20, "--want", "50")
        assert after == alone, (alone, after)


def test_plan_and_leases_name_who_holds_what(w):
    with cgroup(400 * MIB) as folder:
        p = launch(w, folder, 30, "--want", "5", "--label", "first")
        settled(w, 1)
        plan = subprocess.run(
            [FITRUN, "plan", "--per-worker", "20MiB", "--format", "json"],
            env=w.env, preexec_fn=enter(folder), check=True, text=True,
            stdout=subprocess.PIPE).stdout
        (pool,) = json.loads(plan)["pools"]
        binding = [c for c in pool["constraints"]
                   if c["name"] == pool["binding"]]
        assert f"first (pid {p.pid})" in json.dumps(binding), binding
        out = subprocess.run([FITRUN, "leases", "--format", "json"], env=w.env,
                             check=True, text=True,
                             stdout=subprocess.PIPE).stdout
        (lease,) = json.loads(out)["leases"]
        assert lease["pid"] == p.pid and lease["threads"] == 5, lease
        assert lease["holdings"][0]["leased"] == 150 * MIB, lease
        assert len(w.files()) == 1  # planning takes none
        end(p)


def test_the_command_has_the_mark_and_nothing_else_of_ours(w):
    with cgroup(400 * MIB) as folder:
        p = launch(w, folder, 10, "--want", "1",
                   command=("sh", "-c", "echo $FITRUN_LEASE; ls /proc/$$/fd"))
        out = p.communicate(timeout=60)[0].split()
        assert re.fullmatch("[0-9a-f]{16}", out[0]), out
        # 3 is the folder that ls reads, in a shell that execs its last command.
        assert out[1:] in (["0", "1", "2"], ["0", "1", "2", "3"]), out


def test_narrow_launches_leave_a_waiting_one_its_headroom(w):
    """800 MiB at 0.7 need 1143 available; 1000 are. What it waits for is not
    for others to take, however little they want. A sanitizer's launches take
    more than 100 MiB each while they wait."""
    with cgroup(1600 * MIB) as folder:
        holder = w.take("cat", ram=600 * MIB, args=["--level", folder])
        wide = launch(w, folder, 800, "--want", "1", "--wait")
        settled(w, 2)
        _, said, status = threads(w, folder, 20, "--want", "1", "--on-no-fit",
                                  "fail")
        assert status == 75, (status, said)
        end(holder)
        until(lambda: any(lease["state"] == "running" and
                          lease["pid"] == wide.pid for lease in w.leases()),
              "its turn")
        end(wide)


def test_a_wait_that_runs_out(w):
    with cgroup(400 * MIB) as folder:
        holder = w.take("cat", ram=300 * MIB, args=["--level", folder])
        begin = time.monotonic()
        _, said, status = threads(w, folder, 200, "--want", "1", "--wait",
                                  "--wait-timeout", "500ms")
        assert status == 75, (status, said)
        assert 0.5 <= time.monotonic() - begin < 20
        assert len(w.files()) == 1
        end(holder)


MAKEFILE = """
JOBS := $(foreach i,1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16,job$i)
all: $(JOBS)
$(JOBS):
\t@{fitrun} -q --wait --headroom 0.9 --fixed 0 --per-worker 75MiB --want 4 -- \\
\t  sh -c 'sleep {pause}; exec {hold} eat $$((FITRUN_THREADS * {per}))' \\
\t  < /dev/null > /dev/null
"""


def make(w, folder, pause):
    path = w.folder + ".mk"
    with open(path, "w") as f:
        f.write(MAKEFILE.format(fitrun=FITRUN, per=75 * MIB, pause=pause,
                                hold=os.environ["HELPERS"] + "/lease_hold"))
    try:
        p = w.popen(["make", "-k", "-j8", "-f", path],
                    preexec_fn=enter(folder), stderr=subprocess.DEVNULL)
        p.stdout.read()
        kills = int(re.search(r"oom_kill (\d+)",
                              read(folder, "memory.oom_control"))[1])
        return p.wait(), kills
    finally:
        os.unlink(path)


def test_make_with_eight_jobs_that_share_a_gibibyte(w):
    with cgroup(1024 * MIB) as folder:
        assert make(w, folder, pause=0.2) == (0, 0)
        w.expect_nothing()
        # And the same without leases, which shows what they are good for: all have
        # decided before the first takes what it may.
        w.env["FITRUN_LEASES"] = "off"
        status, kills = make(w, folder, pause=1)
        assert status != 0 and kills > 0, (status, kills)


run(globals())
