#include "measure/oom_counter.h"

#include "measure/job_cgroup.h"
#include "probe/cgroup_files.h"
#include "probe/self.h"

namespace fitrun {

OomCounter::OomCounter(const Host& host, const Environment& environment)
    : host_(host) {
  probe::Self self(host, environment);
  const CgroupChain& chain = self.chain("memory");
  if (!chain.levels.empty()) {
    const CgroupLevel& own = chain.levels.front();
    const std::string name = memory_files(chain.version).events;
    file_ = own.folder + "/" + name;
    where_ = name + " of " + own.path;
    before_ = count();
  }
  if (before_) return;
  file_ = where_ = "/proc/vmstat";
  before_ = count();
}

std::optional<std::uint64_t> OomCounter::count() const {
  const auto text = host_.read(file_);
  return text ? parse_oom_kills(*text) : std::nullopt;
}

std::optional<std::uint64_t> OomCounter::kills() const {
  const auto now = count();
  if (!before_ || !now || *now < *before_) return std::nullopt;
  return *now - *before_;
}

}  // namespace fitrun
