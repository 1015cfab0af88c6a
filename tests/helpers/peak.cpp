// Runs a command and prints its peak memory in bytes and how it was measured.
//
//   peak best|sampling COMMAND [ARG...]

#include <cstdio>
#include <string_view>

#include "measure/peak_meter.h"

int main(int argc, char** argv) {
  using namespace fitrun;
  if (argc < 3) return 125;
  MeterWishes wishes;
  if (std::string_view(argv[1]) == "sampling")
    wishes.choice = MeterChoice::sampling;
  PeakMeter meter{Host(), Environment(), wishes};
  ChildSpec spec;
  spec.argv.assign(argv + 2, argv + argc);
  meter.prepare(spec);
  Supervision supervision;
  supervision.tick = [&](const std::vector<pid_t>& pids) {
    return meter.look(pids);
  };
  supervision.orphans = Orphans::adopt;
  const SupervisedRun run = supervise({spec}, supervision).value();
  const PeakReading reading = meter.finish(run.ends);
  std::printf("peak %llu\nmethod %s\nwhy_not %s\nlooks %llu\ncache %llu\n",
              static_cast<unsigned long long>(reading.bytes),
              reading.method.c_str(), reading.why_not.c_str(),
              static_cast<unsigned long long>(reading.looks),
              static_cast<unsigned long long>(reading.page_cache));
  std::printf("oom_kills %s in %s\nstatus %d\n",
              reading.oom_kills ? std::to_string(*reading.oom_kills).c_str()
                                : "unknown",
              reading.oom_where.c_str(), run.ends.front().wait_status);
}
