// The peaks of jobs as a text, for a file of the user's: what one build teaches
// the next. Pure.
//
//   fitrun-jobs 1
//   kind g++ -c
//   0123456789abcdef 20417 62914560 61865984 0
//
// A line for each job below its kind: the hash of its key, the day after 1970
// on which it was last seen, and its last three peaks in bytes, the newest
// first.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hold/estimate.h"

namespace fitrun {

inline constexpr std::size_t kMostKnownJobs = 20'000;
inline constexpr std::uint64_t kDaysKept = 90;

struct ParsedPeaks {
  KnownPeaks known;
  std::size_t damaged = 0;  // lines that say nothing
  bool newer = false;       // of a later version: none is read
};

// `today` in days after 1970: older ones are left out.
ParsedPeaks parse_peaks(std::string_view text, std::uint64_t today);

// The kMostKnownJobs that were seen last.
std::string format_peaks(const KnownPeaks& known);

}  // namespace fitrun
