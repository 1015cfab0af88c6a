// The program `drivers`: what of fitrun loads the libraries of GPU drivers.
//
//   drivers nvml [UUID...]   gpu/nvml.h; the UUIDs whose processes are asked
//   drivers vulkan           gpu/vulkan.h
//
// fitrun starts it where a stage needs VRAM, and reads the report from the
// descriptor that os/probe_child.h says. Nobody else is meant to run it.

#include <cstdio>
#include <string>
#include <vector>

#include "gpu/nvml.h"
#include "gpu/vulkan.h"
#include "os/probe_child.h"

int main(int argc, char** argv) {
  const fitrun::Environment environment;
  const std::vector<std::string> words(argv, argv + argc);
  const std::string source = words.size() > 1 ? words[1] : "";
  if (source == "nvml")
    fitrun::end_with_result(
        fitrun::read_nvml(environment, {words.begin() + 2, words.end()}));
  if (source == "vulkan")
    fitrun::end_with_result(fitrun::read_vulkan(environment));
  std::fputs("drivers: a part of fitrun, which starts it\n", stderr);
  return 2;
}
