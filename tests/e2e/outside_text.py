#!/usr/bin/env python3
"""What comes from outside (labels, names of files and cgroups, other launches'
leases) reaches the terminal as text: no view of it holds a control character."""
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unicodedata

FITRUN = os.environ["FITRUN"]
# U+009B begins a control sequence as "ESC [" does.
HOSTILE = "x\x1b[2J\u009b2J\u202e"
SHOWN = r"x\x1b[2J\u009b2J\u202e"
failures = []


def fitrun(*words, status=0, env=None):
    done = subprocess.run(
        [FITRUN, *words], stdin=subprocess.DEVNULL, capture_output=True,
        env={**base, **(env or {})})
    if done.returncode != status:
        failures.append(f"{words!r} ended with {done.returncode}: {done.stderr!r}")
    return done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def check(what, text, shown=SHOWN, lines=None):
    """No character of `text` commands a terminal, and what was hostile is shown."""
    bad = [c for c in text if c != "\n" and (unicodedata.category(c) == "Cc" or
                                             c == "\ufffd" or "\u202a" <= c <= "\u202e")]
    if bad:
        failures.append(f"{what}: {bad!r} in {text!r}")
    if shown not in text:
        failures.append(f"{what}: no {shown!r} in {text!r}")
    if lines is not None and text.count("\n") != lines:
        failures.append(f"{what}: not {lines} line(s): {text!r}")


def machine(root):
    """A machine whose cgroup, of 2 GB, has a hostile name."""
    files = {
        "proc/meminfo": "MemTotal: 64000000 kB\nMemFree: 64000000 kB\n"
                        "MemAvailable: 64000000 kB\n",
        "proc/self/status": "Pid:\t4242\nCpus_allowed_list:\t0-15\n",
        "proc/self/cgroup": f"0::/{HOSTILE}\n",
        "proc/self/mountinfo": "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        f"sys/fs/cgroup/{HOSTILE}/memory.max": "2000000000\n",
        f"sys/fs/cgroup/{HOSTILE}/memory.current": "0\n",
        f"sys/fs/cgroup/{HOSTILE}/memory.stat": "inactive_file 0\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    base = {k: v for k, v in os.environ.items() if not k.startswith("FITRUN_")}
    base |= {"NO_COLOR": "1", "LC_ALL": "C.UTF-8", "FITRUN_LEASES": "off",
             "XDG_STATE_HOME": folder + "/state"}
    stage = 'want = 4\n[ram]\nfixed = "100MB"\nper_worker = "400MB"\n'
    plain, odd = pathlib.Path("s.toml"), pathlib.Path(HOSTILE + ".toml")
    plain.write_text(stage)
    odd.write_text(stage)
    root = machine(pathlib.Path(folder, "machine"))

    # The label, from the descriptor's name.
    check("log, label", fitrun(str(odd), "--", "true")[1])
    check("plan, label", fitrun("plan", str(odd), "--", "true")[0])
    check("check, file", fitrun("check", str(odd))[0], lines=1)
    odd.write_text(stage + "[ram\n")
    check("diagnostics, file", fitrun("check", str(odd), status=125)[1])
    odd.unlink()
    check("error, file", fitrun("plan", str(odd), status=125)[1], lines=1)
    two = fitrun("check", "a\nb.toml", "c.toml", status=125)[1]
    check("errors, file", two, r"a\x0ab.toml", lines=2)

    # The name of a cgroup.
    for words in (["-v"], []):
        check("log, cgroup", fitrun(*words, "--root", root, str(plain), "--", "true")[1])
    check("plan, cgroup", fitrun("plan", "--root", root, str(plain))[0])
    check("probe, cgroup", fitrun("probe", "--root", root)[0])
    # JSON stays JSON and means the same.
    for words in (["probe"], ["plan", str(plain)]):
        text = fitrun(*words, "--root", root, "--format", "json")[0]
        check("json, cgroup", text, r"\u009b")
        pool = json.loads(text)["pools"][0]
        where = [c["where"] for c in pool["constraints"] if c["name"] == pool["binding"]]
        if where != ["/sys/fs/cgroup/" + HOSTILE]:
            failures.append(f"json, cgroup: {where!r}")

    # The name of an input.
    plain.write_text(stage.replace('"100MB"', json.dumps({"file": "@"}).replace(
        '{"file": "@"}', '{ file = "x\\u001b[2J\\u009b2J\\u202e" }')))
    check("error, input", fitrun("plan", str(plain), status=125)[1], lines=1)
    check("check, input", fitrun("check", str(plain))[0], lines=2)

    # What a shell evaluates is the value, to the byte.
    plain.write_text(stage + '[inject.env]\nODD = "a\\u001bb"\n')
    text = fitrun("plan", "--format", "shell", str(plain), "--", "true")[0]
    if "ODD='a\x1bb'" not in text:
        failures.append(f"shell: {text!r}")

    # What runs recorded.
    odd.write_text(stage)
    done = subprocess.run([FITRUN, "--watch", "-q", str(odd), "--", "true"], env=base,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    # The keeper writes when it has seen the end, which nobody can wait for.
    until = time.monotonic() + 60
    while fitrun("history")[0].startswith("no runs") and time.monotonic() < until:
        time.sleep(0.02)
    check("history", fitrun("history")[0], lines=2)

    # Another launch's lease: its command line is its own.
    leases = {"FITRUN_LEASES": folder + "/leases"}
    os.mkdir("leases", 0o700)
    go, word = os.pipe()
    holder = subprocess.Popen(
        [FITRUN, "-q", "--per-worker", "1MB", "--want", "1", "--label", "plain", "--",
         "sh", "-c", "echo ready; read x # " + HOSTILE + " $FITRUN_THREADS"],
        env={**base, **leases}, stdin=go, stdout=subprocess.PIPE)
    holder.stdout.readline()
    text = fitrun("leases", env=leases)[0]
    check("leases, command", text, r"x\x1b[2J\u009b2J", lines=2)
    os.close(word)
    os.close(go)
    holder.wait()

for failure in failures:
    print("FAIL:", failure)
raise SystemExit(bool(failures))
