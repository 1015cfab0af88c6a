#include "cli/commands.h"
#include "cli/log.h"
#include "os/host.h"
#include "share/ledger.h"
#include "share/render_leases.h"

namespace fitrun {

ExitStatus show_leases(const Options& options, const Environment& environment) {
  const Host host;
  Ledger ledger(host, environment);
  const auto leases = listed(host, ledger.read());
  print(options.format == Format::json
            ? render_leases_json(ledger.where(), leases)
            : render_leases_text(leases));
  for (const std::string& note : ledger.notes()) log_line(LogLevel::info, note);
  return ExitStatus::ok;
}

}  // namespace fitrun
