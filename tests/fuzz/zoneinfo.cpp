// /proc/zoneinfo, and the small lists of the kernel.

#include "probe/zoneinfo.h"

#include "fuzz.h"
#include "probe/cpus.h"
#include "probe/numa.h"
#include "probe/pressure.h"
#include "probe/slurm.h"
#include "probe/zfs.h"

using namespace fitrun;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto nodes = parse_zoneinfo(text);
  FITRUN_REQUIRE(nodes.size() <= kMostNodes);
  mem_available(sum(nodes));
  mem_available(in_bytes(sum(nodes), 65536));
  if (const auto set = parse_node_list(text))
    FITRUN_REQUIRE(parse_node_list(list_of(*set)) == set);
  parse_bind_policy(text);
  const auto cpus = count_cpu_list(text);
  if (cpus) FITRUN_REQUIRE(*count_common_cpus(text, text) >= 1);
  if (const auto quota = parse_cpu_max(text)) FITRUN_REQUIRE(*quota >= 1);
  if (const auto omp = parse_omp_threads(text)) FITRUN_REQUIRE(*omp >= 1);
  is_real_time(text);
  if (const auto percent = parse_full_avg10(text))
    FITRUN_REQUIRE(*percent >= 0 && *percent <= 100);
  slurm_memory(text);
  slurm_cpus_of(text, 3);
  evictable_arc(text);
  return 0;
}
