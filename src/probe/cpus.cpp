#include "probe/cpus.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>
#include <vector>

#include "base/text.h"
#include "probe/batch.h"

namespace fitrun {
namespace {

constexpr std::uint64_t kLargestCpu = 1U << 20;
// Every other one of 8192 CPUs, the largest NR_CPUS, and some more.
constexpr std::size_t kMostRanges = 1U << 14;

struct Range {
  std::uint64_t first = 0, last = 0;
};

std::optional<std::vector<Range>> parse_ranges(std::string_view text) {
  std::vector<Range> ranges;
  for (const std::string_view part : split(trim(text), ',')) {
    if (ranges.size() == kMostRanges) return std::nullopt;
    const std::size_t dash = part.find('-');
    const auto first = parse_count(part.substr(0, dash));
    const auto last = dash == std::string_view::npos
                          ? first
                          : parse_count(part.substr(dash + 1));
    if (!first || !last || *last < *first || *last > kLargestCpu)
      return std::nullopt;
    ranges.push_back({*first, *last});
  }
  return ranges;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view without_leading_space(std::string_view text) {
  while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
  return text;
}

}  // namespace

std::optional<std::uint64_t> count_cpu_list(std::string_view text) {
  const auto ranges = parse_ranges(text);
  if (!ranges) return std::nullopt;
  std::uint64_t count = 0;
  for (const Range& r : *ranges) count += r.last - r.first + 1;
  return count;
}

std::optional<std::uint64_t> count_common_cpus(std::string_view a,
                                               std::string_view b) {
  const auto left = parse_ranges(a), right = parse_ranges(b);
  if (!left || !right) return std::nullopt;
  std::uint64_t count = 0;
  for (const Range& l : *left) {
    for (const Range& r : *right) {
      const std::uint64_t first = std::max(l.first, r.first);
      const std::uint64_t last = std::min(l.last, r.last);
      if (first <= last) count += last - first + 1;
    }
  }
  return count;
}

std::optional<std::uint64_t> cpus_of_quota(std::uint64_t quota,
                                           std::uint64_t period) {
  if (period == 0) return std::nullopt;
  const std::uint64_t whole = quota / period, rest = quota % period;
  const std::uint64_t rounded = rest >= period - rest ? whole + 1 : whole;
  return std::max<std::uint64_t>(1, rounded);
}

std::optional<std::uint64_t> parse_cpu_max(std::string_view text) {
  const auto parts = words(trim(text));
  if (parts.size() != 2) return std::nullopt;
  const auto quota = parse_count(parts[0]), period = parse_count(parts[1]);
  if (!quota || !period) return std::nullopt;
  return cpus_of_quota(*quota, *period);
}

std::optional<std::uint64_t> parse_omp_threads(std::string_view text) {
  text = without_leading_space(text);
  const std::size_t digits =
      std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return std::nullopt;
  const std::string_view rest = without_leading_space(text.substr(digits));
  if (!rest.empty() && rest[0] != ',') return std::nullopt;
  // As strtoul, which nproc uses: too large is the largest.
  const auto count = parse_count(text.substr(0, digits))
                         .value_or(std::numeric_limits<std::uint64_t>::max());
  return count == 0 ? std::nullopt : std::optional(count);
}

bool is_real_time(std::string_view stat) {
  // The second field, the name in brackets, may contain anything.
  const std::size_t bracket = stat.rfind(')');
  if (bracket == std::string_view::npos) return false;
  const auto fields = words(trim(stat.substr(bracket + 1)));
  constexpr std::size_t kPolicy = 41 - 3;  // fields[0] is the third
  if (fields.size() <= kPolicy) return false;
  const auto policy = parse_count(fields[kPolicy]);
  return policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE;
}

namespace probe {
namespace {

std::optional<std::uint64_t> affinity_by_system_call() {
  // Grown until it is not smaller than the kernel's.
  for (std::size_t cpus = 1024; cpus <= kLargestCpu; cpus *= 2) {
    std::vector<cpu_set_t> set(cpus / CPU_SETSIZE);
    const std::size_t size = set.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, size, set.data()) == 0)
      return static_cast<std::uint64_t>(CPU_COUNT_S(size, set.data()));
    if (errno != EINVAL) return std::nullopt;
  }
  return std::nullopt;
}

Sourced<std::uint64_t> affinity(Self& self) {
  const Host& host = self.host();
  if (host.live()) {
    const auto count = affinity_by_system_call();
    if (count && *count > 0) return {*count, "affinity"};
  }
  // The list in the file may name CPUs that are possible and not online.
  const auto online = host.read("/sys/devices/system/cpu/online");
  if (const auto& allowed = self.status().cpus_allowed) {
    if (online) {
      const auto both = count_common_cpus(*allowed, *online);
      if (both && *both > 0) return {*both, "affinity"};
    }
    const auto count = count_cpu_list(*allowed);
    if (count && *count > 0) return {*count, "affinity"};
  }
  if (online) {
    const auto count = count_cpu_list(*online);
    if (count && *count > 0)
      return {*count, "online, /sys/devices/system/cpu/online"};
  }
  return {1, "unknown: no Cpus_allowed_list in /proc/self/status"};
}

// The quota of one level.
std::optional<std::uint64_t> quota_at(const Host& host,
                                      const std::string& folder,
                                      CgroupVersion version) {
  if (version == CgroupVersion::v2) {
    const auto text = host.read(folder + "/cpu.max");
    return text ? parse_cpu_max(*text) : std::nullopt;
  }
  const auto quota = host.read(folder + "/cpu.cfs_quota_us");  // -1: none
  if (!quota) return std::nullopt;
  const auto microseconds = parse_count(trim(*quota));
  if (!microseconds) return std::nullopt;
  const auto period = host.read(folder + "/cpu.cfs_period_us");
  if (!period) return std::nullopt;
  return cpus_of_quota(*microseconds, parse_count(trim(*period)).value_or(0));
}

// The smallest quota of all levels, if there is one that binds us.
std::optional<Sourced<std::uint64_t>> quota(Self& self) {
  const CgroupChain& chain = self.chain("cpu");
  std::optional<std::uint64_t> least;
  for (const CgroupLevel& level : chain.levels) {
    const auto count = quota_at(self.host(), level.folder, chain.version);
    if (count && (!least || *count < *least)) least = count;
  }
  if (!least) return std::nullopt;
  if (const auto stat = self.host().read("/proc/self/stat"))
    if (is_real_time(*stat)) return std::nullopt;
  return Sourced<std::uint64_t>{*least, chain.version == CgroupVersion::v1
                                            ? "cgroup1.cpu.cfs_quota"
                                            : "cgroup2.cpu.max"};
}

}  // namespace

Sourced<std::uint64_t> cpus(Self& self) {
  const auto variable = [&](const char* name) {
    const auto text = self.environment().get(name);
    return text ? parse_omp_threads(*text) : std::nullopt;
  };
  const auto wanted = variable("OMP_NUM_THREADS");
  const auto most = variable("OMP_THREAD_LIMIT");
  Sourced<std::uint64_t> count;
  if (wanted) {
    count = {*wanted, "OMP_NUM_THREADS"};
  } else {
    count = affinity(self);
    if (auto limit = quota(self); limit && limit->value < count.value)
      count = std::move(*limit);
    if (auto promised = promised_cpus(self.environment());
        promised && promised->value < count.value)
      count = std::move(*promised);
  }
  if (most && *most < count.value) count = {*most, "OMP_THREAD_LIMIT"};
  return count;
}

Sourced<std::uint64_t> cpus(const Host& host, const Environment& environment) {
  Self self(host, environment);
  return cpus(self);
}

}  // namespace probe
}  // namespace fitrun
