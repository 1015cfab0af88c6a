// What a cost comes to in bytes: the sizes of the files it names, looked up
// now.
//
// Only metadata is read, but for files so small that they may stand for the
// data instead of being it; nothing blocks on a FIFO.

#pragma once

#include <string>
#include <vector>

#include "stage/stage.h"

namespace fitrun {

// One term of a cost, worked out.
struct CostItem {
  double bytes = 0;  // with the parse factor
  // How it came about: "cache/pages.json, 350 MB x 6.0"; empty for a plain
  // size.
  std::string what;
  std::string origin;
  // Why it is probably not what the user meant, one line; empty: nothing.
  std::string warning{};
};

struct CostSum {
  double bytes = 0;
  std::vector<CostItem> items;
};

// Adds up a cost. A file that cannot be used is a line in `errors`, which names
// the descriptor's line and the file; the sum is then without it.
CostSum sum_cost(const Cost& cost, std::vector<std::string>& errors);

}  // namespace fitrun
