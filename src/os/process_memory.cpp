#include "os/process_memory.h"

#include <unistd.h>

#include <vector>

#include "base/saturate.h"
#include "base/text.h"
#include "os/kernel_text.h"

namespace fitrun {
namespace {

// Processes this small are not asked for details: they count as nothing.
constexpr std::uint64_t kTrifle = 4U << 20;

std::uint64_t page_size() {
  static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

std::optional<ResidentSize> parse_resident(std::string_view text) {
  const auto own = kib_field(text, "RssAnon");
  if (!own) return std::nullopt;
  return ResidentSize{add(*own, kib_field(text, "VmSwap").value_or(0)),
                      kib_field(text, "RssShmem").value_or(0),
                      kib_field(text, "RssFile").value_or(0)};
}

std::optional<ResidentSize> read_resident(const Host& host, pid_t pid) {
  const auto text = host.read(proc_path(pid, "status"));
  return text ? parse_resident(*text) : std::nullopt;
}

std::optional<std::uint64_t> parse_rollup(std::string_view text) {
  const auto anon = kib_field(text, "Pss_Anon");
  const auto shmem = kib_field(text, "Pss_Shmem");
  const std::uint64_t swap = kib_field(text, "SwapPss").value_or(0);
  if (anon && shmem) return add(add(*anon, *shmem), swap);
  if (const auto all = kib_field(text, "Pss")) return add(*all, swap);
  return std::nullopt;
}

std::optional<std::uint64_t> read_rollup(const Host& host, pid_t pid) {
  const auto text = host.read(proc_path(pid, "smaps_rollup"));
  return text ? parse_rollup(*text) : std::nullopt;
}

std::optional<std::uint64_t> parse_peak(std::string_view text) {
  return kib_field(text, "VmHWM");
}

std::optional<std::uint64_t> parse_anonymous_pages(std::string_view text) {
  const std::vector<std::string_view> fields = words(trim(text));
  if (fields.size() < 3) return std::nullopt;
  const auto resident = parse_count(fields[1]);
  const auto shared = parse_count(fields[2]);
  if (!resident || !shared) return std::nullopt;
  return subtract(*resident, *shared);
}

std::uint64_t read_anonymous(const Host& host, const ProcessStat& stat) {
  if (multiply(stat.resident, page_size()) < kTrifle) return 0;
  const Result<std::string> text = host.read(proc_path(stat.pid, "statm"));
  if (!text) return 0;
  return multiply(parse_anonymous_pages(*text).value_or(0), page_size());
}

std::optional<std::uint64_t> parse_lazily_freed(std::string_view meminfo) {
  const auto anonymous = kib_field(meminfo, "AnonPages");
  const auto active = kib_field(meminfo, "Active(anon)");
  const auto inactive = kib_field(meminfo, "Inactive(anon)");
  if (!anonymous || !active || !inactive) return std::nullopt;
  // The lists hold shared memory and what is in swap as well too.
  const std::uint64_t others =
      add(kib_field(meminfo, "Shmem").value_or(0),
          kib_field(meminfo, "SwapCached").value_or(0));
  return subtract(add(*anonymous, others), add(*active, *inactive));
}

std::optional<std::uint64_t> read_lazily_freed(const Host& host, pid_t pid) {
  const auto text = host.read(proc_path(pid, "smaps_rollup"));
  return text ? kib_field(*text, "LazyFree") : std::nullopt;
}

}  // namespace fitrun
