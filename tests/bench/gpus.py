#!/usr/bin/env python3
"""What a driver costs a launch: fitrun with VRAM by the fake NVML beside fitrun
with RAM alone, in turn, and what a lease costs it.

    tests/bench/gpus.py [BUILD] [ROUNDS]

BUILD (build/release) has been configured with -DBUILD_TESTING=ON, for the fake.
Prints medians; an idle machine is needed, and nothing fails.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

build = sys.argv[1] if len(sys.argv) > 1 else "build/release"
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 300
folder = tempfile.mkdtemp(prefix="fitrun-bench-")
GPU = "uuid=GPU-{0},name=A,pci=00000000:0{0}:00.0,total=24000000000,free=20000000000"
ENV = dict(os.environ, FITRUN_LEASES="off", FITRUN_CUDA="/nowhere",
           FITRUN_NVML=os.path.abspath(build + "/tests/fake/libnvidia-ml.so.1"),
           FAKE_NVML_GPUS=";".join(GPU.format(i) for i in range(1, 4)))


def launch(pool, env):
    begin = time.perf_counter()
    subprocess.run([build + "/bin/fitrun", "-q", "--pool", pool, "--want", "4",
                    "--per-worker", "1GB", "--on-no-fit", "run-one", "--",
                    "/bin/true", "<threads>"],
                   env=env, check=True, stdin=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1000


try:
    kinds = {"RAM": ("ram", ENV),
             "RAM and a lease": ("ram", dict(ENV, FITRUN_LEASES=folder)),
             "VRAM by NVML": ("vram", ENV),
             "VRAM and a lease": ("vram", dict(ENV, FITRUN_LEASES=folder))}
    times = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, kind in kinds.items():
            times[name].append(launch(*kind))
    median = {name: statistics.median(all_) for name, all_ in times.items()}
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    for name, ms in median.items():
        print(f"{name:17} {ms:5.2f} ms  {ms / median['RAM']:.2f} x"
              f"  {ms - median['RAM']:+.2f} ms")
finally:
    shutil.rmtree(folder)
