#!/usr/bin/env python3
"""Sees and takes GPU memory as a program does: by the driver's own library.

    take.py RUNTIME list                        the devices that a program sees, as JSON
    take.py RUNTIME hold BYTES                  takes BYTES of the first one, in steps
    take.py RUNTIME job COUNT BYTES SECONDS     COUNT processes that hold BYTES each
    take.py RUNTIME note FOLDER COUNT           writes what it sees and COUNT to FOLDER

RUNTIME is "cuda" or "hip"; the library is loaded when this runs, so nothing has
to be installed beside the driver. Devices are named as `cards.key` does: 32
hexadecimal digits of the UUID for CUDA, the PCI address for HIP.

`hold` is led through its standard input: it prints "context" once the runtime
has what it takes for itself, waits for a line, takes the bytes, prints "loaded"
or "failed: ..." and keeps them until its input ends.

`job` ends with 0 if all of its processes had their memory at the same time, and
with 1 if one got none: the job that fitrun is to find a count for.
"""
import ctypes
import json
import os
import subprocess
import sys
import time

NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE and hipErrorNoDevice


class Failed(Exception):
    """A call into the driver that did not work, as a sentence."""


def load(names):
    """The first of these libraries that is there."""
    why = None
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            why = why or str(error)
    raise Failed(why)


class Runtime:
    """What the two runtimes have in common: functions that return a status."""
    libraries = ()

    def __init__(self):
        self.library = load(self.libraries)

    def call(self, name, *arguments):
        status = getattr(self.library, name)(*arguments)
        if status != 0:
            raise Failed(f"{name}: status {status}")


class Cuda(Runtime):
    """libcuda, which comes with the driver. (CUDA Driver API)"""
    libraries = ("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1")

    def devices(self):
        status = self.library.cuInit(0)
        if status == NO_DEVICE:
            return []
        if status != 0:
            raise Failed(f"cuInit: status {status}")
        count = ctypes.c_int()
        self.call("cuDeviceGetCount", ctypes.byref(count))
        return [self.uuid(number) for number in range(count.value)]

    def uuid(self, number):
        digits = (ctypes.c_ubyte * 16)()
        device = ctypes.c_int()
        self.call("cuDeviceGet", ctypes.byref(device), number)
        # The second version names MIG instances; drivers before R470 lack it.
        name = ("cuDeviceGetUuid_v2" if hasattr(
            self.library, "cuDeviceGetUuid_v2") else "cuDeviceGetUuid")
        self.call(name, digits, device)
        return bytes(digits).hex()

    def make_context(self):
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self.call("cuInit", 0)
        self.call("cuDeviceGet", ctypes.byref(device), 0)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self.call("cuCtxSetCurrent", context)

    def take(self, size):
        pointer = ctypes.c_ulonglong()
        self.call("cuMemAlloc_v2", ctypes.byref(pointer),
                  ctypes.c_size_t(size))


class Hip(Runtime):
    """ROCm's HIP runtime. (HIP API reference)"""
    libraries = ("libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5",
                 "libamdhip64.so", "/opt/rocm/lib/libamdhip64.so")

    def devices(self):
        count = ctypes.c_int()
        status = self.library.hipGetDeviceCount(ctypes.byref(count))
        if status == NO_DEVICE:
            return []
        if status != 0:
            raise Failed(f"hipGetDeviceCount: status {status}")
        return [self.address(number) for number in range(count.value)]

    def address(self, number):
        text = ctypes.create_string_buffer(64)
        self.call("hipDeviceGetPCIBusId", text, len(text), number)
        return text.value.decode().lower()

    def make_context(self):
        self.call("hipSetDevice", 0)
        self.call("hipFree", None)

    def take(self, size):
        pointer = ctypes.c_void_p()
        self.call("hipMalloc", ctypes.byref(pointer), ctypes.c_size_t(size))


RUNTIMES = {"cuda": Cuda, "hip": Hip}


def say(text):
    print(text, flush=True)


def hold(runtime, size):
    runtime.make_context()
    say("context")
    sys.stdin.readline()
    runtime.take(size)
    say("loaded")
    sys.stdin.read()
    return 0


def job(name, count, size, seconds):
    """All take at the same time; none lets go before the last has answered."""
    workers = [subprocess.Popen([sys.executable, __file__, name, "hold", size],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True) for _ in range(count)]
    for worker in workers:
        if worker.stdout.readline().startswith("context"):
            worker.stdin.write("\n")
            worker.stdin.flush()
    loaded = [worker.stdout.readline().startswith("loaded")
              for worker in workers]
    if all(loaded):
        time.sleep(seconds)
    for worker in workers:
        worker.communicate()
    say(f"{sum(loaded)} of {count} workers had their memory")
    return 0 if all(loaded) else 1


def note(runtime, folder, count):
    """The file appears whole, under the name of this process."""
    seen = {"devices": runtime.devices(), "workers": int(count)}
    path = os.path.join(folder, str(os.getpid()))
    with open(path + "~", "w", encoding="utf-8") as file:
        json.dump(seen, file)
    os.rename(path + "~", path + ".json")
    return 0


def main(name, verb, *words):
    if verb == "job":
        return job(name, int(words[0]), words[1], float(words[2]))
    try:
        runtime = RUNTIMES[name]()
        if verb == "hold":
            return hold(runtime, int(words[0]))
        if verb == "note":
            return note(runtime, *words)
        say(json.dumps(runtime.devices()))
        return 0
    except Failed as error:
        # Whoever leads a `hold` reads its words.
        print(f"failed: {error}",
              file=sys.stdout if verb == "hold" else sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
