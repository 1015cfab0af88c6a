#!/usr/bin/env python3
"""Leases and real memory cgroups: who shares a limit shares its leases."""
import os
import re

from leaselib import HOLD, MIB, Skip, cgroup, end, enter, run


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


run(globals())
