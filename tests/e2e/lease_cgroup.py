#!/usr/bin/env python3
"""Leases and real memory cgroups: who shares a limit shares its leases."""
import os
import re
import subprocess

from leaselib import (HOLD, MIB, Skip, cgroup, end, enter, read, run)


def threads(w, folder, per=10 * MIB, want=50, prefix=()):
    """How many workers fit below the limit of a cgroup."""
    p = w.popen([*prefix, HOLD, "fit", "--cgroup", folder, "--fixed", 0,
                 "--per", per, "--want", want, "--", "true"])
    found = re.search(r'"threads": (\d+)', p.stdout.read())
    assert p.wait() == 0
    return int(found[1])


def lease_in(w, folder, mib):
    return w.take("cat", ram=mib * MIB, args=["--level", folder])


def test_a_lease_counts_against_the_limits_it_shares(w):
    with cgroup(200 * MIB) as top, cgroup(100 * MIB, top) as one, \
            cgroup(100 * MIB, top) as two:
        # A little is charged to a fresh cgroup, so nearly 20 and 10.
        assert 18 <= threads(w, top) <= 20 and 8 <= threads(w, one) <= 10
        held = lease_in(w, one, 60)
        assert 12 <= threads(w, top) <= 14, threads(w, top)
        assert 2 <= threads(w, one) <= 4, threads(w, one)
        assert 8 <= threads(w, two) <= 10, threads(w, two)
        end(held)
        above = lease_in(w, top, 60)
        assert 12 <= threads(w, top) <= 14, threads(w, top)
        assert 8 <= threads(w, one) <= 10, threads(w, one)
        end(above)
        elsewhere = w.take("cat", ram=60 * MIB)
        assert 18 <= threads(w, top) <= 20, threads(w, top)
        end(elsewhere)


def test_a_cgroup_is_the_same_seen_from_a_namespace(w):
    """Another mount, another name for it, another idea of what the root is."""
    with cgroup(100 * MIB) as folder:
        mount = w.folder + "/mnt"
        os.mkdir(mount)
        script = (f"echo $$ > {folder}/cgroup.procs && "
                  "exec unshare --cgroup --mount sh -c '"
                  f"mount -t cgroup -o memory none {mount} && "
                  f"{HOLD} take --ram {60 * MIB} --level {mount} -- cat'")
        p = w.popen(["sh", "-c", script])
        if not p.stdout.readline():
            raise Skip("cannot mount a cgroup in a namespace")
        assert 2 <= threads(w, folder) <= 4, threads(w, folder)
        end(p)
        assert 8 <= threads(w, folder) <= 10, threads(w, folder)
        os.rmdir(mount)


def test_memory_in_use_is_not_counted_twice(w):
    with cgroup(400 * MIB) as folder:
        p = w.take(HOLD, "eat", 200 * MIB, ram=300 * MIB,
                   args=["--level", folder], preexec_fn=enter(folder))
        assert p.stdout.readline() == "ate\n"
        # 400 - 300, give or take what is charged beside the 200.
        assert 8 <= threads(w, folder) <= 10, threads(w, folder)
        end(p)


MAKEFILE = """
JOBS := $(foreach i,1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16,job$i)
all: $(JOBS)
$(JOBS):
\t@{hold} fit --cgroup {folder} --headroom 0.9 --fixed 0 --per {per} \\
\t  --want 4 --policy {policy} -- sh -c \\
\t  'sleep 0.2; exec {hold} eat {{bytes}} < /dev/null' > /dev/null
"""


def make(w, folder, policy):
    with open(w.folder + ".mk", "w") as f:
        f.write(MAKEFILE.format(hold=HOLD, folder=folder, per=75 * MIB,
                                policy=policy))
    try:
        p = w.popen(["make", "-k", "-j8", "-f", w.folder + ".mk"],
                    preexec_fn=enter(folder), stderr=subprocess.DEVNULL)
        p.stdout.read()
        kills = int(re.search(r"oom_kill (\d+)",
                              read(folder, "memory.oom_control"))[1])
        return p.wait(), kills
    finally:
        os.unlink(w.folder + ".mk")


def test_make_with_eight_jobs_that_share_a_gibibyte(w):
    with cgroup(1024 * MIB) as folder:
        assert make(w, folder, "wait") == (0, 0)
        w.expect_nothing()
        # And the same without leases, which shows what they are good for.
        w.env["FITRUN_LEASES"] = "off"
        status, kills = make(w, folder, "wait")
        assert status != 0 and kills > 0, (status, kills)


run(globals())
