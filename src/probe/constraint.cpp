#include "probe/constraint.h"

namespace fitrun {

const Constraint* binding(const PoolReading& reading) {
  const Constraint* tightest = nullptr;
  for (const Constraint& c : reading.constraints) {
    if (!c.available) continue;
    if (!tightest || *c.available < *tightest->available) tightest = &c;
  }
  return tightest;
}

const WorkerCap* binding(const std::vector<WorkerCap>& caps) {
  const WorkerCap* tightest = nullptr;
  for (const WorkerCap& cap : caps)
    if (!tightest || cap.workers < tightest->workers) tightest = &cap;
  return tightest;
}

std::string title(const Constraint& constraint) {
  if (constraint.file.empty()) return constraint.name;
  // "/" and "/../.." mean something inside a namespace only.
  const bool plain = constraint.level.size() > 1 &&
                     constraint.level.find("/..") == std::string::npos;
  return constraint.file + " of " +
         (plain ? constraint.level : constraint.where);
}

}  // namespace fitrun
