// Any jobs, also those that no machine can have: somebody runs, and those who
// may run beside one another fit.

#include "base/saturate.h"
#include "fuzz.h"
#include "hold/choose.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace fitrun;
  fuzz::Numbers input(data, size);
  HoldRoom room;
  room.cap = input.number();
  room.base = input.number();
  std::vector<JobState> jobs;
  std::uint64_t used = room.base;
  while (!input.empty() && jobs.size() < 64) {
    JobState job;
    job.current = input.number();
    job.expected = add(job.current, input.number());
    job.most = add(job.expected, input.number());
    const std::uint64_t flags = input.number();
    job.exact = (flags & 1) != 0;
    job.unknown = (flags & 2) != 0;
    job.admitted = (flags & 4) != 0;
    job.age = std::chrono::milliseconds(flags >> 3 & 0xffff);
    job.admitted_for = std::chrono::milliseconds(flags >> 35 & 0xffff);
    job.held = std::chrono::milliseconds(flags >> 19 & 0xffff);
    used = add(used, job.current);
    jobs.push_back(job);
  }
  const std::vector<bool> runs = choose_running(room, jobs);
  FITRUN_REQUIRE(runs.size() == jobs.size());
  std::size_t running = 0;
  std::uint64_t growth = 0;
  std::uint64_t first = UINT64_MAX;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!runs[i]) continue;
    ++running;
    const std::uint64_t grows = subtract(jobs[i].expected, jobs[i].current);
    growth = add(growth, grows);
    if (jobs[i].admitted) first = std::min(first, grows);
  }
  FITRUN_REQUIRE(running > 0 || jobs.empty());
  FITRUN_REQUIRE(running < 2 || growth <= subtract(room.cap, used) ||
                 growth == first);
  return 0;
}
