#include <unistd.h>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "gpu/vram.h"
#include "os/host.h"
#include "plan/render_probe.h"
#include "probe/capture.h"
#include "probe/cpus.h"
#include "probe/pressure.h"
#include "probe/ram.h"
#include "probe/self.h"
#include "probe/worker_caps.h"

namespace fitrun {
namespace {

ExitStatus capture_machine(const std::string& folder, const Host& host,
                           const Environment& environment) {
  const std::size_t files =
      write_capture(probe::capture(host, environment), folder).value();
  const std::string name = printable(folder);
  print(
      fmt::format("{0}: {1} files, described in README.md there; fitrun probe "
                  "--root {0} reads them\n",
                  name, files));
  return ExitStatus::ok;
}

}  // namespace

ExitStatus probe_command(const Options& options,
                         const Environment& environment) {
  const Host host(options.root);
  if (!options.capture.empty())
    return capture_machine(options.capture, host, environment);
  probe::Self self(host, environment);
  MachineReading machine;
  machine.pools.push_back(probe::ram(self));
  machine.cpus = probe::cpus(self);
  machine.worker_caps = probe::worker_caps(self);
  machine.pressure = probe::pressure(self);
  VramOptions all;
  all.devices.choice = DeviceChoice::all;
  machine.gpus = probe::survey_gpus(self, all);
  if (options.format == Format::json)
    print(render_probe_json(machine));
  else
    print_screen(render_probe_text(machine, style_for(STDOUT_FILENO)));
  return ExitStatus::ok;
}

}  // namespace fitrun
