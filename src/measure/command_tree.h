// The processes of a running command, look by look: how large each is, with
// which words it was started, and which of them are its jobs (hold/jobs.h).

#pragma once

#include <sys/types.h>

#include <vector>

#include "hold/command_lines.h"
#include "hold/jobs.h"
#include "measure/process_tree.h"
#include "os/host.h"

namespace fitrun {

class CommandTree {
 public:
  // `host` is the running machine.
  explicit CommandTree(const Host& host) : sampled_(host), lines_(host) {}

  // `closely` is whether proportional sizes may be read where that is worth it.
  void look(pid_t command, bool closely);

  // Those of the last look.
  const std::vector<SeenProcess>& processes() const { return processes_; }
  const JobView& view() const { return view_; }
  const SampledPeak& sampled() const { return sampled_; }

 private:
  SampledPeak sampled_;
  CommandLines lines_;
  std::vector<SeenProcess> processes_;
  JobView view_;
};

}  // namespace fitrun
