#include "cli/commands.h"
#include "cli/log.h"
#include "launch/sharing.h"
#include "os/host.h"
#include "share/ledger.h"
#include "share/render_leases.h"

namespace fitrun {

ExitStatus leases_command(const Options& options,
                          const Environment& environment) {
  const Host host;
  const Ledger ledger(host, environment);
  const std::vector<LiveLease> live = ledger.read().live;
  probe::Self self(host, environment);
  const std::vector<DeviceUse> uses = ask_device_uses(self, live);
  const auto leases = listed(host, live);
  print(options.format == Format::json
            ? render_leases_json(ledger.where(), leases, uses)
            : render_leases_text(leases, uses));
  for (const std::string& note : ledger.notes()) log_line(LogLevel::info, note);
  return ExitStatus::ok;
}

}  // namespace fitrun
