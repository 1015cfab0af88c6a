"""What the checks share: the machine as they find it, and how close is equal."""
import cards
import program
from report import FAILED, PASSED, Result, size

MIB = 1 << 20
# What the drivers' own numbers differ by from one moment or call to the next.
SLACK = 64 * MIB


def verdict(name, good, text, **figures):
    return Result(name, PASSED if good else FAILED, text, figures)


class Bench:
    """The machine as the checks find it."""

    def __init__(self, fitrun, gpus, options):
        self.fitrun = fitrun
        self.gpus = gpus  # as fitrun's probe listed them without a variable
        self.options = options
        numbered = sorted((gpu for gpu in gpus if "number" in gpu),
                          key=lambda gpu: gpu["number"])
        self.visible = numbered
        self.first = numbered[0] if numbered else None
        source = self.first["source"] if self.first else ""
        self.tool, self.ask_tool = cards.TOOLS.get(source, (source, None))
        vendor = self.first["vendor"] if self.first else ""
        self.runtime = {"nvidia": "cuda", "amd": "hip"}.get(vendor)
        self.context = None  # bytes that a program has before it asks for any
        self.slack = (SLACK if not self.first or self.first["memory"] == "own"
                      else 8 * SLACK)  # RAM moves all the time
        self.mig = any(gpu.get("uuid", "").startswith("MIG-") for gpu in gpus)

    def available(self):
        gpu = self.fitrun.gpu(program.key_of(self.first))
        if "available" not in gpu:
            raise program.Broken("fitrun probe no longer says what is available")
        return gpu["available"]

    def tool_free(self):
        """By the driver's tool; None where it does not tell of this card."""
        try:
            for card in self.ask_tool() if self.ask_tool else []:
                if card.key == program.key_of(self.first):
                    return card.free
        except cards.Silent:
            pass
        return None

    def share(self, fraction):
        """This part of what is available, in whole MiB."""
        return int(self.available() * fraction) // MIB * MIB

    def load_of(self, per_worker):
        """What a worker of this cost asks for beside its context."""
        load = per_worker - self.context - 32 * MIB
        if load < 64 * MIB:
            raise cards.Silent(f"too little is free: workers of {size(per_worker)} "
                               f"of which {size(self.context)} is a context")
        return load
