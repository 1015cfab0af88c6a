// A launch as a child process that carries the mark of its lease.

#pragma once

#include <string>

#include "plan/plan.h"
#include "run/child.h"
#include "share/lease.h"

namespace fitrun {

// `lease` is an id, "" for none.
inline ChildSpec child_of(const Launch& launch, const std::string& lease) {
  ChildSpec spec;
  spec.argv = launch.command;
  spec.changes = launch.changes;
  if (!lease.empty()) spec.changes.set.emplace_back(kLeaseVariable, lease);
  return spec;
}

}  // namespace fitrun
