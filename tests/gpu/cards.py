"""What the drivers' own tools say about the cards: nvidia-smi, rocm-smi, vulkaninfo.

Each `read_*` gives a list of cards, or raises `Silent` with the reason. Each
parser takes the tool's text. fitrun is compared with these numbers; none of them
comes from fitrun.
"""
import dataclasses
import json
import re
import shutil
import subprocess

MIB = 1 << 20


class Silent(Exception):
    """Why a tool says nothing, as a sentence."""


@dataclasses.dataclass
class Card:
    key: str  # as `key` below
    name: str
    total: int  # bytes
    free: int
    driver: str = ""


def key(uuid, address):
    """What a card is told apart by: the UUID's digits, else the PCI address.

    Every list has its own spelling: "GPU-0a1b-..." and 16 bytes, "00000000:01:00.0"
    and "0000:01:00.0".
    """
    digits = re.sub(r"^(GPU|MIG)-", "", uuid).replace("-", "").lower()
    if len(digits) == 32:
        return digits
    domain, _, rest = address.lower().partition(":")
    return f"{int(domain, 16):04x}:{rest}" if rest else address.lower()


def ask(*command, timeout=60):
    if not shutil.which(command[0]):
        raise Silent(f"{command[0]} is not installed")
    try:
        done = subprocess.run(command, text=True, errors="replace", check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Silent(f"{command[0]} did not end in {timeout} s") from None
    if done.returncode:
        first = (done.stdout.strip().splitlines() or ["without a word"])[0]
        raise Silent(f"{command[0]} ended with {done.returncode}: {first}")
    return done.stdout


SMI_FIELDS = "uuid,pci.bus_id,driver_version,memory.total,memory.free,name"


def parse_nvidia_smi(text):
    """Lines of SMI_FIELDS in MiB. A card that does not tell is left out."""
    cards = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",", 5)]
        if len(fields) == 6 and fields[3].isdigit() and fields[4].isdigit():
            cards.append(Card(key(fields[0], fields[1]), fields[5],
                              int(fields[3]) * MIB, int(fields[4]) * MIB,
                              "NVIDIA " + fields[2]))
    return cards


def read_nvidia():
    return parse_nvidia_smi(ask("nvidia-smi", f"--query-gpu={SMI_FIELDS}",
                                "--format=csv,noheader,nounits"))


def parse_rocm_smi(text):
    """rocm-smi --json; it may print warnings before the object."""
    found = json.loads(text[text.index("{"):])
    driver = found.get("system", {}).get("Driver version", "")
    cards = []
    for label, said in sorted(found.items()):
        if not label.startswith("card") or "PCI Bus" not in said:
            continue
        total = int(said["VRAM Total Memory (B)"])
        name = said.get("Card Series") or said.get("Card series") or label
        cards.append(Card(key("", said["PCI Bus"]), name, total,
                          total - int(said["VRAM Total Used Memory (B)"]),
                          f"amdgpu {driver}".strip()))
    return cards


def read_amd():
    text = ask("rocm-smi", "--showmeminfo", "vram", "--showbus",
               "--showproductname", "--showdriverversion", "--json")
    try:
        return parse_rocm_smi(text)
    except (ValueError, KeyError) as error:
        raise Silent(f"rocm-smi printed what is not understood: {error!r}"
                     ) from None


def parse_vulkaninfo(text):
    """The largest heap on each device that is no CPU; free = budget - usage."""
    cards = []
    for part in re.split(r"^GPU\d+:$", text, flags=re.MULTILINE)[1:]:
        fields = dict(re.findall(r"^\s*(\w+)\s*=\s*(.*?)\s*$", part,
                                 re.MULTILINE))
        heaps = part.partition("memoryTypes")[0].split("memoryHeaps[")[1:]
        told = [re.findall(r"(?:size|budget|usage)\s*=\s*(\d+)", heap)
                for heap in heaps if "DEVICE_LOCAL" in heap]
        # Without VK_EXT_memory_budget there is a size alone.
        local = [list(map(int, heap)) for heap in told if len(heap) == 3]
        if not local or "CPU" in fields.get("deviceType", "CPU"):
            continue
        size, budget, usage = max(local)
        address = (f"{int(fields['pciDomain']):04x}:{int(fields['pciBus']):02x}:"
                   f"{int(fields['pciDevice']):02x}.{fields['pciFunction']}"
                   if "pciBus" in fields else "")
        cards.append(Card(key("", address), fields.get("deviceName", "?"), size,
                          max(0, budget - usage),
                          "Vulkan " + fields.get("driverInfo", "")))
    return cards


def read_vulkan():
    return parse_vulkaninfo(ask("vulkaninfo"))


# By the source that fitrun names for a card.
TOOLS = {"nvml": ("nvidia-smi", read_nvidia),
         "nvidia-smi": ("nvidia-smi", read_nvidia),
         "amdgpu": ("rocm-smi", read_amd),
         "vulkan": ("vulkaninfo", read_vulkan)}
