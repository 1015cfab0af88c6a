#!/usr/bin/env python3
"""When a lease begins and ends: with the command's tree, however it dies."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys

from leaselib import HOLD, MIB, Skip, end, gone, run, until

DAEMON = r"""
import os, sys
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
print(os.getpid(), flush=True)
os.closerange(0, 100)
import signal
signal.pause()
"""


def test_the_lease_is_the_commands_from_exec_to_exit(w):
    p = w.take("cat")
    until(lambda: w.only()["command"] == "cat", "the exec")
    lease = w.only()
    assert lease["pid"] == p.pid and lease["state"] == "running", lease
    assert lease["id"] == p.report["id"]
    assert lease["holdings"] == [{"pool": "ram", "leased": 1000 * MIB,
                                  "used": 0, "outstanding": 1000 * MIB}], lease
    end(p)
    w.expect_nothing()


def test_the_command_may_exec_again(w):
    p = w.take("sh", "-c", "exec env sh -c 'exec cat'")
    until(lambda: w.only()["command"] == "cat", "the last exec")
    assert w.only()["pid"] == p.pid
    end(p)
    w.expect_nothing()


def test_the_command_finds_no_descriptor_more(w):
    show = ["sh", "-c", "ls /proc/$$/fd"]
    with_lease = w.take(*show)
    without = w.popen(show)
    a = with_lease.stdout.read().split()
    b = without.stdout.read().split()
    assert a == b and a[:3] == ["0", "1", "2"], (a, b)


def test_closing_every_descriptor_changes_nothing(w):
    p = w.take(sys.executable, "-c", "import os, signal\n"
               "print('x', flush=True)\nos.closerange(0, 1000)\n"
               "signal.pause()")
    p.stdout.read()
    assert w.only()["state"] == "running"
    p.kill()
    p.wait()
    w.expect_nothing()


def test_sigkill_ends_it_like_exit(w):
    p = w.take("sleep", "1000")
    p.kill()
    # Not reaped yet: a zombie holds no memory.
    until(lambda: gone(p.pid), "the end")
    w.expect_nothing()
    p.wait()


def test_a_launch_killed_on_its_way_leaves_nothing(w):
    for point in ("locked", "taken", "unlocked"):
        p = w.popen([HOLD, "fit", "--budget", "1000", "--fixed", "1", "--per",
                     "1", "--want", "1", "--die-at", point, "--", "cat"])
        assert p.wait(timeout=20) == -signal.SIGKILL
        w.expect_nothing()


def test_a_command_that_becomes_a_daemon_keeps_its_lease(w):
    p = w.take(sys.executable, "-c", DAEMON)
    daemon = int(p.stdout.readline())
    assert p.wait(timeout=20) == 0
    lease = w.only()
    assert lease["state"] == "left-behind", lease
    assert lease["holdings"][0]["outstanding"] > 980 * MIB, lease
    os.kill(daemon, signal.SIGKILL)
    until(lambda: gone(daemon), "the daemon's end")
    w.expect_nothing()


def test_children_left_behind_keep_the_lease(w):
    p = w.take("sh", "-c", "sh -c 'sleep 1000 & echo $!; wait' & wait")
    child = int(p.stdout.readline())
    p.kill()
    p.wait()
    assert w.only()["state"] == "left-behind"
    os.kill(child, signal.SIGKILL)
    until(lambda: not w.leases(), "the end of the lease")
    w.expect_nothing()


def test_a_process_in_the_middle_of_an_exec_is_not_overlooked(w):
    """Between two programs a process shows no environment; this one often is."""
    script = w.scratch + "/again"
    with open(script, "w") as f:
        f.write(f"exec sh {script}\n")
    p = w.take("sh", "-c", f"sh {script} & echo $!")
    child = int(p.stdout.readline())
    p.wait()
    seen = {lease["state"] for _ in range(100) for lease in [w.only()]}
    assert seen == {"left-behind"}, seen
    os.kill(child, signal.SIGKILL)
    until(lambda: gone(child), "the end")
    w.expect_nothing()


def test_a_child_with_an_empty_environment_is_not_seen(w):
    """Said in lease.h; where this changes, so does the header."""
    p = w.take("sh", "-c", "env -i sleep 1000 & echo $!; wait")
    child = int(p.stdout.readline())
    until(lambda: open(f"/proc/{child}/comm").read() == "sleep\n", "env -i")
    assert w.only()["state"] == "running"
    p.kill()
    p.wait()
    w.expect_nothing()


def change(w, pattern, replacement):
    (name,) = w.files()
    path = os.path.join(w.folder, name)
    with open(path) as f:
        text = f.read()
    changed = re.sub(pattern, replacement, text)
    assert changed != text
    with open(path, "w") as f:
        f.write(changed)


def older(w, seconds):
    if float(open("/proc/uptime").read().split()[0]) < seconds:
        raise Skip("this machine was started just now")
    change(w, r"taken (\d+)",
           lambda m: f"taken {int(m[1]) - seconds * 10**9}")


def test_what_was_left_behind_keeps_it_for_two_minutes(w):
    p = w.take("sh", "-c", "sleep 1000 & echo $!")
    child = int(p.stdout.readline())
    p.wait()
    assert w.only()["state"] == "left-behind"
    older(w, 121)
    w.expect_nothing()
    os.kill(child, signal.SIGKILL)


def test_a_lease_older_than_two_minutes_holds_with_its_holder(w):
    p = w.take("cat")
    older(w, 121)
    assert w.only()["state"] == "running"
    end(p)


def test_a_pid_that_is_somebody_else_now_holds_nothing(w):
    p = w.take("cat")
    change(w, r"(holder \d+) (\d+)", lambda m: f"{m[1]} {int(m[2]) + 1}")
    w.expect_nothing()
    end(p)


def test_a_reboot_ends_every_lease(w):
    p = w.take("cat")
    change(w, r"(holder .*) .*\n", r"\1 00000000-0000-0000-0000-000000000000\n")
    w.expect_nothing()
    end(p)


def test_only_who_has_the_lock_sweeps(w):
    p = w.take("cat")
    end(p)
    assert w.leases(lock=False) == []
    assert len(w.files()) == 1
    w.expect_nothing()


def test_another_versions_lease_is_left_alone(w):
    path = f"{w.folder}/00112233445566ff.lease"
    p = w.take("cat")
    (name,) = w.files()
    text = open(f"{w.folder}/{name}").read()
    end(p)
    w.expect_nothing()
    for other in ("fitrun-lease 3\nwho knows\n",
                  text.replace("fitrun-lease 2", "fitrun-lease 1")):
        with open(path, "w") as f:
            f.write(other)
        os.utime(path, (0, 0))
        assert w.leases() == [] and len(w.files()) == 1
    with open(path, "w") as f:
        f.write("fitrun-lease 2\nid")
    assert w.leases() == [] and len(w.files()) == 1  # may be half written
    os.utime(path, (0, 0))
    w.expect_nothing()


UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


def test_a_lease_in_another_pid_namespace(w):
    if subprocess.run([*UNSHARE, "true"]).returncode:
        raise Skip("no pid namespaces here")
    p = w.popen([*UNSHARE, HOLD, "take", "--ram", "1000", "--", "sleep",
                 "1000"])
    p.stdout.readline()
    # From outside the processes are seen, by their mark.
    until(lambda: w.only()["state"] == "running", "the exec")
    lease = w.only()
    assert lease["state"] == "running" and lease["pid"] == 1, lease
    assert w.only(prefix=UNSHARE)["state"] == "unseen"
    assert len(w.files()) == 1
    p.kill()
    p.wait()
    # From a sibling nobody can tell: it counts while it may ramp up, and is
    # not deleted by those who cannot see it. From outside it is over.
    older(w, 6)
    until(lambda: not w.leases(), "the end of the namespace")
    assert w.only(prefix=UNSHARE)["state"] == "unseen"
    older(w, 121)
    assert w.leases(prefix=UNSHARE) == [] and len(w.files()) == 1
    w.expect_nothing()


def test_an_old_kernel_or_a_filter_without_openat2(w):
    if not shutil.which("strace"):
        raise Skip("no strace, to make the call fail")
    p = w.take("cat")
    for error in ("ENOSYS", "EPERM"):
        without = ["strace", "-f", "-o", "/dev/null", "-e", "trace=openat2",
                   "-e", f"inject=openat2:error={error}"]
        if subprocess.run([*without, "true"]).returncode:
            raise Skip("strace may not trace here")
        assert w.only(prefix=without)["pid"] == p.pid
        (name,) = w.files()
        os.rename(f"{w.folder}/{name}", f"{w.folder}/target")
        os.symlink("target", f"{w.folder}/{name}")
        assert w.leases(prefix=without) == []
        os.rename(f"{w.folder}/target", f"{w.folder}/{name}")
    end(p)


def test_calls_that_a_containers_filter_refuses(w):
    """Old container runtimes answer EPERM to what they do not know."""
    if not shutil.which("strace"):
        raise Skip("no strace, to make the calls fail")
    newer = ("access,faccessat,faccessat2,openat2,statx,linkat,pidfd_open,"
             "close_range,inotify_init1,getrandom,sysinfo,futimens,utimensat")
    known = [call for call in newer.split(",") if subprocess.run(
        ["strace", "-o", "/dev/null", "-e", f"trace={call}", "true"],
        stderr=subprocess.DEVNULL).returncode == 0]
    if not known:
        raise Skip("strace may not trace here")
    assert "openat2" in known and "faccessat2" in known, known
    for error in ("EPERM", "ENOSYS"):
        without = ["strace", "-f", "-o", "/dev/null", "-e",
                   f"inject={','.join(known)}:error={error}"]
        p = w.popen([*without, HOLD, "take", "--ram", "1000", "--", "cat"])
        said = json.loads(p.stdout.readline())
        assert said["id"] and said["notes"] == [], (error, said)
        assert w.only()["id"] == said["id"]
        assert w.only(prefix=without)["id"] == said["id"]
        end(p)
        w.expect_nothing()


def test_a_lease_in_another_time_namespace(w):
    """Its start time is another by the clock there."""
    later = ["unshare", "--time", "--boottime", "100000", "--fork"]
    if subprocess.run([*later, "true"], stderr=subprocess.DEVNULL).returncode:
        raise Skip("no time namespaces here")
    # From there the mark tells; where that is gone nobody can, and it is not
    # the reader's to end it.
    for command, state in (["cat"], "running"), (["env", "-i", "cat"], "unseen"):
        p = w.take(*command)
        until(lambda: w.only()["command"] == "cat", "the exec")
        assert w.only()["state"] == "running"
        assert w.only(prefix=later)["state"] == state
        assert w.only()["state"] == "running"
        end(p)
        w.expect_nothing()
    p = w.take("cat")
    inner = w.popen([*later, HOLD, "take", "--ram", "1000", "--", "cat"])
    inner.stdout.readline()
    both = {lease["state"] for lease in w.leases()}
    assert len(w.leases()) == 2 and "ended" not in both, both
    end(inner)
    end(p)
    # A pid that nobody has is nobody's, whatever the clock.
    until(lambda: not w.leases(), "the end of both")
    w.expect_nothing()


def test_a_child_renews_the_lease_and_ends(w):
    p = w.take("cat", ram=1000, args=["--renew", 300])
    lease = w.only()
    assert lease["pid"] == p.pid and lease["state"] == "running", lease
    assert lease["holdings"][0]["leased"] == 300, lease
    (name,) = w.files()
    text = open(f"{w.folder}/{name}").read()
    assert re.search(rf"^holder {p.pid} ", text, re.M), text
    assert re.search(r"^writer \d+ ", text, re.M), text
    end(p)
    w.expect_nothing()


def test_stopped_is_not_ended(w):
    p = w.take("cat")
    os.kill(p.pid, signal.SIGSTOP)
    until(lambda: w.only()["state"] == "stopped", "the stop")
    os.kill(p.pid, signal.SIGCONT)
    until(lambda: w.only()["state"] == "running", "going on")
    end(p)
    w.expect_nothing()


def used(w):
    return w.only()["holdings"][0]["used"] / MIB


def test_memory_in_use_is_not_outstanding(w):
    p = w.take(HOLD, "eat", str(300 * MIB))
    assert p.stdout.readline() == "ate\n"
    holding = w.only()["holdings"][0]
    assert 300 <= holding["used"] / MIB < 310, holding
    assert holding["used"] + holding["outstanding"] == 1000 * MIB, holding
    end(p)


def test_memory_of_the_whole_tree_is_in_use(w):
    eat = f"{HOLD} eat {60 * MIB}"
    p = w.take("sh", "-c", "exec 3<&0; "
               f"{eat} <&3 & (sh -c '{eat}; true'; true) <&3 & {eat}")
    for _ in range(3):
        assert p.stdout.readline() == "ate\n"
    assert 180 <= used(w) < 195, used(w)


def test_memory_shared_after_a_fork_is_used_once(w):
    p = w.take(HOLD, "pool", "4", str(200 * MIB), str(50 * MIB))
    assert p.stdout.readline() == "ate\n"
    # 200 + 4 x 50, and not 5 x 200 + 4 x 50. The bound is below the truth by
    # the little that the parent's peak is above what it passed on.
    assert 370 <= used(w) < 410, used(w)
    end(p)


def test_a_daemons_memory_is_in_use(w):
    p = w.take("sh", "-c", "exec 3<&0; "
               f"setsid {HOLD} eat {80 * MIB} <&3 & echo $!")
    daemon, ate = sorted([p.stdout.readline(), p.stdout.readline()])
    assert ate == "ate\n"
    p.wait()
    lease = w.only()
    assert lease["state"] == "left-behind"
    assert 80 <= used(w) < 90, used(w)
    end(p)
    until(lambda: gone(int(daemon)), "the daemon's end")
    w.expect_nothing()


def test_a_launch_in_another_ones_tree_is_within_it(w):
    inner = f"{HOLD} take --ram 1000 -- sleep 1000"
    for via in ("sh -c", "env -i FITRUN_LEASES=$FITRUN_LEASES sh -c"):
        p = w.take("sh", "-c", f"{via} '{inner} & wait'")
        p.stdout.readline()
        outer, second = w.leases()
        assert outer["within"] is None, outer
        assert second["within"] == outer["id"], (via, second)
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        until(lambda: not w.leases(), "the end of both")
    # In the same process even.
    p = w.take(HOLD, "take", "--ram", "10", "--", "cat")
    p.stdout.readline()
    outer, second = w.leases()
    assert outer["pid"] == second["pid"] and second["within"] == outer["id"]
    end(p)


def test_leases_can_be_switched_off(w):
    p = w.take("cat", env=dict(w.env, FITRUN_LEASES="off"))
    assert p.report["id"] == "" and p.report["notes"] == [], p.report
    assert w.files() == []
    end(p)


def test_without_a_folder_the_command_runs_all_the_same(w):
    open(w.folder + "/file", "w").close()
    for folder in (w.folder + "/no/such", w.folder + "/file", "/proc",
                   "/dev/null"):
        p = w.take("cat", env=dict(w.env, FITRUN_LEASES=folder))
        assert p.report["id"] == "" and len(p.report["notes"]) == 1, p.report
        end(p)


def test_a_full_disk_costs_the_lease_and_not_the_command(w):
    if subprocess.run(["unshare", "--mount", "true"]).returncode:
        raise Skip("no mount namespaces here")
    script = (f"mount -t tmpfs -o size=4k,nr_inodes=2,mode=700 none {w.folder}"
              f" && : > {w.folder}/full && {HOLD} take --ram 1 -- true")
    out = subprocess.run(["unshare", "--mount", "sh", "-c", script],
                         env=w.env, text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    report = json.loads(out)
    assert report["id"] == "" and len(report["notes"]) == 1, report


def test_the_users_own_folder_is_found_again(w):
    """The variable set, and lost in a sudo or cron: the same folder."""
    env = dict(w.env, XDG_RUNTIME_DIR=w.folder)
    del env["FITRUN_LEASES"]
    if os.path.exists("/run/fitrun"):
        raise Skip("there is a shared folder on this machine")
    p = w.take("cat", env=env)
    assert p.report["folder"] == w.folder + "/fitrun", p.report
    mode = os.stat(w.folder + "/fitrun").st_mode & 0o7777
    assert mode == 0o700, oct(mode)
    end(p)


run(globals())
