// A request: what a job has to be given so that a number of workers fits in it.
// The question of a plan the other way round. Pure.
//
// How each scheduler is asked for it is in schedulers.h, the arithmetic in
// fit/request.h.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sourced.h"
#include "plan/log_lines.h"
#include "plan/schedulers.h"
#include "plan/text_style.h"
#include "stage/cost.h"
#include "stage/stage.h"

namespace fitrun {

struct PoolRequest {
  PoolNeeds needs;
  CostSum fixed;
  CostSum per_worker;
  // Worked out by make_request().
  std::uint64_t base = 0;   // bytes beside the workers; of VRAM none
  std::uint64_t bytes = 0;  // to ask for, before a scheduler's rounding
  // The same with the headroom of measured costs, where nobody has said one.
  std::optional<std::uint64_t> if_measured{};
};

struct MemoryRequest {
  std::string label;  // empty: none
  std::string stage;  // the descriptor's path; empty: flags alone
  Sourced<std::uint64_t> workers;
  // The fewest workers of which the costs tell; 0: of any number.
  std::uint64_t least_known = 0;
  bool counts_cpus = false;        // `workers` are the CPUs of this machine
  std::vector<PoolRequest> pools;  // ram before vram; those with costs
};

// Works out the amounts. An error where no machine has as much.
Result<MemoryRequest> make_request(MemoryRequest request);

Amounts amounts_of(const MemoryRequest& request);

// What goes to standard error, at `least` and above: beside the text for a
// scheduler how it came about, and what is doubtful wherever it is shown.
std::vector<LogLine> request_lines(const MemoryRequest& request,
                                   const Scheduler* scheduler, LogLevel least);

// How it came about, and what to write for every scheduler.
std::string render_request(const MemoryRequest& request,
                           const TextStyle& style);

// The same for programs; of one scheduler where there is one.
std::string request_json(const MemoryRequest& request,
                         const Scheduler* scheduler);

}  // namespace fitrun
