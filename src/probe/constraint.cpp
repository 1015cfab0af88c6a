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

}  // namespace fitrun
