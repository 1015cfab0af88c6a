"""The lists that hide GPUs from a program, and what is to be tried of each.

A case is a label and the variables to set. The labels hold no UUID: they go into
the file that is sent. What is right in each case is not said here: the driver's
own library is asked under the same variables (`take.py RUNTIME list`).
"""

# All that say which GPUs a program sees; none of them is set but by a case.
VARIABLES = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER",
             "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
             "GPU_DEVICE_ORDINAL", "ZE_AFFINITY_MASK")


def lists(count):
    """Lists of numbers, for `count` cards: label -> text."""
    texts = ["", "-1", "0", "0,-1", "0,0", f"0,{count + 7}", str(count),
             "0gpu", "NoDevFiles", " 0"]
    if count > 1:
        texts += [str(count - 1), ",".join(map(str, reversed(range(count)))),
                  f"{count - 1},-1,0"]
    return {text: text for text in texts}


def nvidia_cases(uuids):
    """`uuids` as the driver spells them ("GPU-..."), in a program's order."""
    cases = [("no variable", {})]
    texts = lists(len(uuids))
    first, last = uuids[0], uuids[-1]
    texts.update({
        "<UUID>": first,
        "<beginning of a UUID>": first[:12],
        "<UUID in upper case>": "GPU-" + first[4:].upper(),
        "<UUID>,<same UUID>": f"{first},{first}",
        "<UUID>,0": f"{first},0",
        "GPU-": "GPU-",
        "<unknown UUID>": "GPU-00000000-0000-0000-0000-000000000000"})
    if len(uuids) > 1:
        texts["<last UUID>,<first UUID>"] = f"{last},{first}"
    cases += [(f"CUDA_VISIBLE_DEVICES={label}", {"CUDA_VISIBLE_DEVICES": text})
              for label, text in texts.items()]
    for order in ("PCI_BUS_ID", "FASTEST_FIRST"):
        cases += [(f"CUDA_DEVICE_ORDER={order}", {"CUDA_DEVICE_ORDER": order}),
                  (f"CUDA_DEVICE_ORDER={order} CUDA_VISIBLE_DEVICES=0",
                   {"CUDA_DEVICE_ORDER": order, "CUDA_VISIBLE_DEVICES": "0"})]
    return cases


def amd_cases(uuids):
    """`uuids` in a program's order; empty texts for cards that have none."""
    cases = [("no variable", {})]
    last = str(len(uuids) - 1)
    few = {text: text for text in ("", "0", last)}
    for name, texts in (("ROCR_VISIBLE_DEVICES", lists(len(uuids))),
                        ("HIP_VISIBLE_DEVICES", lists(len(uuids))),
                        ("CUDA_VISIBLE_DEVICES", few),
                        ("GPU_DEVICE_ORDINAL", few)):
        if uuids[0] and texts is not few:
            texts["<UUID>"] = uuids[0]
        cases += [(f"{name}={label}", {name: text})
                  for label, text in texts.items()]
    both = {"ROCR_VISIBLE_DEVICES": last, "HIP_VISIBLE_DEVICES": last}
    cases.append((" ".join(f"{k}={v}" for k, v in both.items()), both))
    return cases
