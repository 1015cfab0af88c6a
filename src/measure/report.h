// What a measurement has found, put together: the costs of each pool, the
// numbers to declare, and what they change. Pure. How it is shown is in
// render_report.h and report_json.h.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "measure/measure.h"
#include "measure/propose.h"
#include "plan/plan.h"

namespace fitrun {

struct PoolReport {
  PoolNeeds needs;                  // as declared
  std::optional<Costs> declared;    // bytes at the time of the runs
  Learned learned;                  // from the first input, or none
  std::optional<FactorFit> factor;  // from inputs of different sizes
  FactorIn factor_in = FactorIn::fixed;
  Costs to_declare;  // bytes for the inputs that are there now
  double headroom = kDefaultHeadroom;  // to declare; the old one if not learned
  double budget = 0;                   // bytes, with that headroom
  Proposal proposal;                   // no edits where `doubt` says something
  // Why its costs cannot be declared, a sentence; empty where they can.
  std::string doubt;
};

struct MeasureReport {
  std::string label;
  std::string stage;  // the descriptor's path; empty without one
  Measurement measurement;
  std::vector<PoolReport> pools;
  std::vector<std::string> notes;  // sentences for people
  std::uint64_t want = 1;
  // How many fit with the costs as they were declared, if they were, and with
  // those that were learned.
  std::optional<std::uint64_t> threads_before;
  std::uint64_t threads = 1;
};

// `plan` is the decision before the runs. An error where nothing was measured.
Result<MeasureReport> make_report(const Plan& plan, Measurement measurement);

// All edits of all pools.
std::vector<NumberEdit> edits_of(const MeasureReport& report);

// Why there are none; empty where there are some.
std::string doubt_of(const MeasureReport& report);

// "ram.fixed = 102.4MB", "vram.fixed[1].parse_factor = 6.2", for people.
std::string describe_edit(const NumberEdit& edit, const PoolNeeds& needs);

}  // namespace fitrun
