// What a process holds, from /proc/PID/status, statm and smaps_rollup.
//
// Resident sizes are cheap and count a shared page once per process; the
// proportional sizes of smaps_rollup add up, and cost 12 ms per GB, because the
// kernel walks every page for them. All figures are bytes unless said
// otherwise.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "os/process.h"

namespace fitrun {

// What /proc/PID/status says. Shared pages count in full in each process.
struct ResidentSize {
  std::uint64_t own = 0;     // RssAnon and VmSwap
  std::uint64_t shared = 0;  // RssShmem
  std::uint64_t file = 0;    // RssFile
  std::uint64_t counts() const { return own + shared; }
};

// Empty where the text lacks RssAnon: a process that has ended, or a kernel
// before 4.5.
std::optional<ResidentSize> parse_resident(std::string_view text);
std::optional<ResidentSize> read_resident(const Host& host, pid_t pid);

// The bytes of /proc/PID/smaps_rollup that count: Pss_Anon, Pss_Shmem and
// SwapPss. Kernels before 5.4 say Pss only, which has file pages in it. Empty
// where the text has neither.
std::optional<std::uint64_t> parse_rollup(std::string_view text);
std::optional<std::uint64_t> read_rollup(const Host& host, pid_t pid);

// The most that was ever resident, from the line VmHWM of /proc/PID/status.
std::optional<std::uint64_t> parse_peak(std::string_view text);

// Pages of anonymous memory, from /proc/PID/statm.
std::optional<std::uint64_t> parse_anonymous_pages(std::string_view text);

// Anonymous memory, from /proc/PID/statm; 0 where that is little or cannot be
// seen.
std::uint64_t read_anonymous(const Host& host, const ProcessStat& stat);

// Pages that their owners gave back with MADV_FREE and the kernel has not taken
// yet: resident still, and free for whoever asks. Of the whole machine, bytes,
// at most: those anonymous pages that /proc/meminfo has on no list of anonymous
// ones, because the kernel moves them to the inactive files (mm/swap.c,
// lru_lazyfree_fn); locked pages are on none either. Empty where lines are
// missing.
std::optional<std::uint64_t> parse_lazily_freed(std::string_view meminfo);

// Of one process, LazyFree of /proc/PID/smaps_rollup: exact, at the price of
// that file. Empty where it may not be read.
std::optional<std::uint64_t> read_lazily_freed(const Host& host, pid_t pid);

}  // namespace fitrun
