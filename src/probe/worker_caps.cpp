#include "probe/worker_caps.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/saturate.h"
#include "base/text.h"

namespace fitrun::probe {
namespace {

std::optional<std::uint64_t> number_in(const Host& host,
                                       const std::string& path) {
  const auto text = host.read(path);
  return text ? parse_count(trim(*text)) : std::nullopt;  // not for "max"
}

// Whom the kernel does not hold to RLIMIT_NPROC (copy_process, kernel/fork.c).
bool is_exempt(const Rights& rights) {
  return rights.uid == 0 || rights.has_capability(kCapSysAdmin) ||
         rights.has_capability(kCapSysResource);
}

WorkerCap cap(std::string name, std::string where, std::uint64_t limit,
              std::optional<std::uint64_t> used) {
  WorkerCap c{std::move(name), std::move(where), limit, used, 1, ""};
  // We are one of those that run already, and become the command.
  c.workers = std::max<std::uint64_t>(1, subtract(limit, used.value_or(1)));
  return c;
}

}  // namespace

std::vector<WorkerCap> worker_caps(Self& self) {
  std::vector<WorkerCap> caps;
  const CgroupChain& chain = self.chain("pids");
  const char* const name = chain.version == CgroupVersion::v1
                               ? "cgroup1.pids.max"
                               : "cgroup2.pids.max";
  for (const CgroupLevel& level : chain.levels) {
    const auto limit = number_in(self.host(), level.folder + "/pids.max");
    if (!limit) continue;
    caps.push_back(cap(name, level.folder, *limit,
                       number_in(self.host(), level.folder + "/pids.current")));
    caps.back().level = level.path;
  }
  const auto limit = self.limits().processes;
  if (limit && !is_exempt(self.rights()))
    caps.push_back(cap("rlimit.nproc", "/proc/self/limits", *limit, {}));
  return caps;
}

}  // namespace fitrun::probe
