#include <unistd.h>

#include "cli/commands.h"
#include "cli/log.h"
#include "launch/request_memory.h"
#include "os/host.h"

namespace fitrun {
namespace {

// With --for it is what that scheduler will be asked for.
std::uint64_t asked_bytes(const MemoryRequest& request,
                          const Scheduler* scheduler) {
  const Amounts amounts = amounts_of(request);
  if (!amounts.ram) return *amounts.vram;
  return scheduler ? rounded_ram(*scheduler, *amounts.ram, amounts.workers)
                   : *amounts.ram;
}

}  // namespace

ExitStatus request_command(const Options& options,
                           const Environment& environment) {
  const Caller caller = caller_of(options, environment);
  const MemoryRequest request =
      request_memory(options.launch, Host(options.root), caller);
  const Scheduler* const scheduler = options.scheduler;
  switch (options.format) {
    case Format::json:
      print(request_json(request, scheduler));
      break;
    case Format::bytes:
      print(std::to_string(asked_bytes(request, scheduler)) + "\n");
      break;
    case Format::text:
    case Format::shell:
    case Format::threads:
      if (scheduler) {
        print(request_text(*scheduler, amounts_of(request)).value() + "\n");
      } else {
        print_screen(render_request(request, style_for(STDOUT_FILENO)));
      }
      break;
  }
  const bool fragment = options.format == Format::text && scheduler;
  log_all(request_lines(request, fragment ? scheduler : nullptr, caller.least));
  return ExitStatus::ok;
}

}  // namespace fitrun
