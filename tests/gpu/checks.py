"""All checks by name, and how they are run."""
import subprocess

import cards
import compare
import loads
import program
from report import FAILED, NOT_DONE, Result

# The first of those that take memory learns what a context takes for the others.
COMPARISONS = {"cards": compare.compare_found, "memory": compare.compare_memory,
               "visible": compare.compare_visible}
LOADS = {"load": loads.load_and_see, "fit": loads.fit, "pin": loads.pin,
         "leases": loads.leases, "measure": loads.measure,
         "container": loads.container}
ALL = {**COMPARISONS, **LOADS}


def prepared(bench, name):
    """The check of this name, or why it cannot begin."""
    if name in LOADS and not bench.runtime:
        raise cards.Silent("taking memory is only known for CUDA and HIP")
    if name in LOADS and name != "load" and bench.context is None:
        raise cards.Silent("no memory could be taken")
    return ALL[name](bench)


def all_results(bench, names, tell):
    """The results of these checks; one that cannot go on is a result too. `tell`
    hears each as it comes."""
    results = []

    def add(result):
        tell(result)
        results.append(result)

    for name in names:
        try:
            for result in prepared(bench, name):
                add(result)
        except cards.Silent as why:
            add(Result(name, NOT_DONE, str(why)))
        except (program.Broken, OSError, ValueError, KeyError,
                subprocess.SubprocessError) as why:
            add(Result(name, FAILED, f"{type(why).__name__}: {why}"))
    return results
