#include "measure/command_tree.h"

#include <chrono>

namespace fitrun {

void CommandTree::look(pid_t command, bool closely) {
  sampled_.look({command}, std::chrono::steady_clock::now(), closely);
  processes_.clear();
  for (const auto& [stat, size] : sampled_.processes())
    processes_.push_back({stat.id(), stat.parent, lines_.of(stat),
                          size.counts(), stat.state, stat.processor_ticks,
                          stat.threads});
  lines_.end_look();
  view_ = jobs_in(processes_, command);
}

}  // namespace fitrun
