#!/bin/bash
# tests/gpu/run, for which this machine has no GPU, against the fake drivers: it
# passes where they tell the truth, fails where they do not, writes what is to be
# sent, and ends with 77 where there is no GPU.
. "$(dirname "$0")/lib.sh"
for name in "${!CUDA_@}" "${!FAKE_@}"; do unset "$name"; done
check=${SOURCE:?the source tree}/tests/gpu/run

# No GPU: another machine's files, and no tool in PATH.
mkdir alone empty
ln -s "$(python3 -c 'import sys; print(sys.executable)')" alone/python3
ln -s "$(command -v bash)" alone/
printf '#!/bin/bash\nexec %q "$@" --root %q\n' "$FITRUN" "$work/empty" >nothing
chmod +x nothing
expect 77 env PATH="$work/alone" "$work/alone/python3" "$check" ./nothing
said out 'no GPU here: fitrun probe lists none; nvidia-smi is not installed'
expect 2 python3 "$check" ./not-there
said err './not-there: no such program'
expect 2 python3 "$check" "$(command -v false)"
said err 'this is not a fitrun that probes GPUs'
expect 2 python3 "$check" ./nothing --only cards,everything
said err '--only: no check "everything"'

# Two cards; what a program takes of them through the one library is missing from
# what the other says.
mkdir bin ledger
cat >bin/nvidia-smi <<'END'
#!/usr/bin/env python3
import ctypes, os
nvml = ctypes.CDLL("libnvidia-ml.so.1")
lie = int(os.environ.get("LIE", 0))
for i, gpu in enumerate(os.environ["FAKE_NVML_GPUS"].split(";")):
    fields = dict(field.split("=") for field in gpu.split(","))
    device, memory = ctypes.c_void_p(), (ctypes.c_ulonglong * 3)()
    nvml.nvmlDeviceGetHandleByIndex_v2(i, ctypes.byref(device))
    nvml.nvmlDeviceGetMemoryInfo(device, memory)
    print(fields["uuid"], fields["pci"].upper(), "555.42", memory[0] >> 20,
          (memory[1] >> 20) + lie, fields["name"], sep=", ")
END
chmod +x bin/nvidia-smi
export VK_DRIVER_FILES=/dev/null # a processor that draws takes its time
export PATH=$work/bin:$PATH LD_LIBRARY_PATH=$HELPERS/fake FAKE_GPU_LEDGER=$work/ledger
a=0a111111-0000-0000-0000-00000000000a b=0b222222-0000-0000-0000-00000000000b
export FAKE_NVML_GPUS="uuid=GPU-$a,name=Fake A100,pci=00000000:01:00.0,total=24000000000,free=23000000000;uuid=GPU-$b,name=Fake A100,pci=00000000:02:00.0,total=24000000000,free=12000000000"
export FAKE_CUDA_GPUS="${a//-/};${b//-/}" FAKE_CUDA_ROOM=23000000000 FAKE_CUDA_CONTEXT=400000000
state() { # STATE NAME: the check of this name ended so
  grep -qE "^$2.* $1( |$)" card.txt || {
    cat card.txt >&2
    fail "not $1: $2"
  }
}

expect 0 "$check" "$FITRUN" --report card --seconds 0.4
said out 'To send: card.txt and card.json'
for name in 'cards of nvidia-smi' 'memory as nvidia-smi has it, Fake A100' \
  'CUDA_VISIBLE_DEVICES=0,0' 'available falls by what is taken' \
  "fitrun's count fits" 'the count that was wanted does not fit' 'spread = "pin"' \
  'leases of two launches'; do
  state passed "$name"
done
[ "$(stat -Lc %i /proc/self/ns/pid)" != 4026531836 ] ||
  state passed 'measure of VRAM by process'
said card.txt ', 0 failed, '
python3 -m json.tool card.json >json || fail "card.json is not JSON"
said json '"said": "3 of 3 workers had their memory"'
for private in "$a" "$b" "${a//-/}" "$work"; do
  ! grep -qF -e "$private" card.txt card.json || fail "$private is in what is sent"
done

# A tool that says a GiB more, devices in another order, and a driver that does not
# see what is taken: each is found.
printf '#!/bin/bash\nunset FAKE_GPU_LEDGER\nexec %q "$@"\n' "$FITRUN" >blind
chmod +x blind
export LIE=1024 FAKE_CUDA_GPUS="${b//-/};${a//-/}"
expect 1 "$check" ./blind --report card --no-fill --only memory,visible,load,fit
state FAILED 'memory as nvidia-smi has it, Fake A100'
state FAILED 'no variable'
state FAILED 'available falls by what is taken'
state 'not done' 'the count that was wanted does not fit'

# AMD's cards, from files and with a runtime of their own; numbers alone.
card() { # NUMBER BUS UNIQUE_ID
  device=amd/sys/class/drm/card$1/device
  node=amd/sys/class/kfd/kfd/topology/nodes/$((1 + $1))
  mkdir -p "$device/drm/renderD$((128 + $1))" "$node" amd/dev/dri
  printf 'DRIVER=amdgpu\nPCI_ID=1002:744C\nPCI_SLOT_NAME=0000:%s:00.0\n' "$2" >"$device/uevent"
  echo 16000000000 >"$device/mem_info_vram_total"
  echo 1000000000 >"$device/mem_info_vram_used"
  echo samsung >"$device/mem_info_vram_vendor"
  echo 226:128 >"$device/drm/renderD$((128 + $1))/dev"
  : >"amd/dev/dri/renderD$((128 + $1))"
  printf 'vendor_id 4098\ndevice_id 29772\ndrm_render_minor %d\nunique_id %s\n' $((128 + $1)) "$3" >"$node/properties"
}
card 0 03 0
card 1 07 0
: >amd/dev/kfd
printf 'MemTotal: 67108864 kB\nMemAvailable: 33554432 kB\n' | install -D /dev/stdin amd/proc/meminfo
printf '#!/bin/bash\nexec %q "$@" --root %q\n' "$FITRUN" "$work/amd" >amd/fitrun
cat >bin/rocm-smi <<'END'
#!/bin/sh
echo 'WARNING: AMD GPU device(s) is/are in a low-power state.'
echo '{"card0": {"VRAM Total Memory (B)": "16000000000", "VRAM Total Used Memory (B)": "1000000000", "PCI Bus": "0000:03:00.0", "Card Series": "Navi 31"},'
echo ' "card1": {"VRAM Total Memory (B)": "16000000000", "VRAM Total Used Memory (B)": "1000000000", "PCI Bus": "0000:07:00.0", "Card Series": "Navi 31"},'
echo ' "system": {"Driver version": "6.10.5"}}'
END
chmod +x bin/rocm-smi amd/fitrun
mv bin/nvidia-smi bin/none
export FAKE_HIP_GPUS='0000:03:00.0;0000:07:00.0'
expect 0 "$check" amd/fitrun --report card --only cards,memory,visible
state passed 'cards of rocm-smi'
state passed 'memory as rocm-smi has it, AMD GPU 1002:744C'
state passed 'ROCR_VISIBLE_DEVICES=1,0'
state passed 'ROCR_VISIBLE_DEVICES=1 HIP_VISIBLE_DEVICES=1'
said card.txt 'driver: amdgpu 6.10.5'
said card.txt ', 0 failed, 0 not done'
expect 0 python3 "${check%run}take.py" hip hold 1000000
said out loaded

# A card that only Vulkan speaks for, through the real loader.
ldconfig -p | grep -qF libvulkan.so.1 || skip "only the part for Vulkan: libvulkan1 is not installed"
unset FAKE_NVML_GPUS FAKE_CUDA_GPUS
export VK_DRIVER_FILES=$HELPERS/fake/fake_vulkan_icd.json
export VK_ICD_FILENAMES=$VK_DRIVER_FILES # Debian 12's loader
export FAKE_VULKAN_GPUS='name=Fake GPU,type=2,vendor=0x1234,pci=0d,heap=17179869184,budget=15461330944,usage=4096'
cat >bin/vulkaninfo <<'END'
#!/bin/sh
cat <<'TEXT'
GPU0:
VkPhysicalDeviceProperties:
	deviceType        = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
	deviceName        = Fake GPU
VkPhysicalDevicePCIBusInfoPropertiesEXT:
	pciDomain   = 0
	pciBus      = 13
	pciDevice   = 0
	pciFunction = 0
memoryHeaps: count = 2
	memoryHeaps[0]:
		size   = 17179869184 (0x400000000) (16.00 GiB)
		budget = 15461330944 (0x399994000) (14.40 GiB)
		usage  = 4096 (0x00001000) (4.00 KiB)
		flags: count = 1
			MEMORY_HEAP_DEVICE_LOCAL_BIT
	memoryHeaps[1]:
		size   = 34359738368 (0x800000000) (32.00 GiB)
		flags:
			None
memoryTypes: count = 2
TEXT
END
chmod +x bin/vulkaninfo
mv bin/rocm-smi bin/none
expect 0 "$check" "$FITRUN" --report card
state passed 'cards of vulkaninfo'
state passed 'memory as vulkaninfo has it, Fake GPU'
state 'not done' load
