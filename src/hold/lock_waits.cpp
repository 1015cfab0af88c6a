#include "hold/lock_waits.h"

#include "base/text.h"
#include "os/process.h"

namespace fitrun {

// "1: FLOCK  ADVISORY  WRITE 4711 fe:00:1234 0 EOF", and behind it for each
// that waits "1: -> FLOCK  ADVISORY  WRITE 4712 fe:00:1234 0 EOF".
std::vector<LockWait> parse_lock_waits(std::string_view locks) {
  std::vector<LockWait> waits;
  std::string_view number;
  pid_t owner = 0;
  while (!locks.empty()) {
    const std::vector<std::string_view> fields = words(take_line(locks));
    const bool waiting = fields.size() > 1 && fields[1] == "->";
    const std::size_t at = waiting ? 5 : 4;
    if (fields.size() <= at) continue;
    const pid_t pid = parse_pid(fields[at]).value_or(0);
    if (!waiting) {
      number = fields[0];
      owner = pid;
    } else if (fields[0] == number && pid != 0 && owner != 0) {
      waits.push_back({pid, owner});
    }
  }
  return waits;
}

}  // namespace fitrun
