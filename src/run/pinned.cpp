#include "run/pinned.h"

#include "run/exec.h"
#include "run/supervise.h"

namespace fitrun {

Result<int> run_pinned(const std::vector<ChildSpec>& copies) {
  const auto run = supervise(copies);
  if (!run) return run.error();
  const ChildEnd* first = nullptr;
  for (std::size_t i = 0; i < run->ends.size(); ++i) {
    const ChildEnd& end = run->ends[i];
    if (end.exec_error != 0)
      throw cannot_start(copies[i].argv.front(), end.exec_error);
    // They start together, so the one that ran for less time ended before.
    if (end.wait_status != 0 && (!first || end.elapsed < first->elapsed))
      first = &end;
  }
  return first ? first->wait_status : 0;
}

}  // namespace fitrun
