#include "base/text.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "launch/holding.h"
#include "launch/sharing.h"
#include "os/host.h"
#include "share/ledger.h"
#include "share/render_leases.h"

namespace fitrun {

ExitStatus leases_command(const Options& options,
                          const Environment& environment) {
  const Host host;
  const Ledger ledger(host, environment);
  const LedgerReading seen = ledger.read();
  continue_left_behind(ledger, seen, host, caller_of(options, environment));
  probe::Self self(host, environment);
  const std::vector<DeviceUse> uses = ask_device_uses(self, seen.live);
  const auto leases = listed(host, seen.live, held_now(ledger, seen, host));
  if (options.format == Format::json) {
    print(render_leases_json(ledger.where(), leases, uses));
  } else {
    print_screen(printable_lines(render_leases_text(leases, uses)));
  }
  for (const std::string& note : ledger.notes()) log_line(LogLevel::info, note);
  return ExitStatus::ok;
}

}  // namespace fitrun
