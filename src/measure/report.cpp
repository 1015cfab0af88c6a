#include "measure/report.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/bytes.h"
#include "plan/pools.h"

namespace fitrun {
namespace {

bool is_file(const CostTerm& term) {
  return std::holds_alternative<FileCost>(term.amount);
}

bool has_file(const Cost& cost) {
  return std::any_of(cost.begin(), cost.end(), is_file);
}

std::size_t sizes_of_input(const Measurement& measurement) {
  std::set<double> sizes;
  for (const MeasuredRun& run : measurement.runs)
    if (run.input) sizes.insert(run.input->bytes);
  return sizes.size();
}

// The bytes of the files that a cost names now, without their factors.
double file_bytes(const Cost& cost, const CostSum& sum) {
  double bytes = 0;
  for (std::size_t i = 0; i < cost.size() && i < sum.items.size(); ++i) {
    const auto* const file = std::get_if<FileCost>(&cost[i].amount);
    if (file && file->parse_factor > 0)
      bytes += sum.items[i].bytes / file->parse_factor;
  }
  return bytes;
}

Costs with_factor(const FactorFit& fit, FactorIn where, const PoolPlan& pool) {
  const bool in_fixed = where == FactorIn::fixed;
  const double grown =
      fit.factor * (in_fixed
                        ? file_bytes(pool.needs.fixed, pool.fixed)
                        : file_bytes(pool.needs.per_worker, pool.per_worker));
  return {(fit.fixed + (in_fixed ? grown : 0)) * fit.covering,
          (fit.per_worker + (in_fixed ? 0 : grown)) * fit.covering};
}

// Fits the factor where the runs and the descriptor allow it.
void learn_from_inputs(PoolReport& report, const Measurement& measurement,
                       std::vector<std::string>& notes) {
  if (sizes_of_input(measurement) < 2) return;
  const std::string name(key_of(report.needs.pool));
  const bool in_fixed = has_file(report.needs.fixed);
  const bool in_worker = has_file(report.needs.per_worker);
  if (in_fixed == in_worker) {
    notes.push_back(name +
                    (in_fixed
                         ? ": both costs name a file, so that no parse_factor "
                           "can be told from the other"
                         : ": no cost names a file, so that there is no "
                           "parse_factor to learn") +
                    "; the costs are those of the first input");
    return;
  }
  report.factor_in = in_fixed ? FactorIn::fixed : FactorIn::per_worker;
  report.factor = learn_factor(input_samples(measurement, report.needs.pool),
                               report.factor_in);
  if (!report.factor) {
    notes.push_back(name +
                    ": a parse_factor needs two numbers of workers with one "
                    "of the inputs; the costs are those of the first input");
  }
}

// A cost of a worker that may be nothing lets any number of workers in.
std::string doubt_about(const PoolReport& pool) {
  const auto& range = pool.learned.regression.per_worker_range;
  const bool nothing = !(pool.to_declare.per_worker > 0);
  if (!nothing && (pool.factor || !range || range->low > 0)) return "";
  const std::string found = range && !pool.factor
                                ? "lies between " + format_bytes(range->low) +
                                      " and " + format_bytes(range->high) +
                                      " with 95 % confidence"
                                : std::string("came out as nothing");
  return std::string(name_of(pool.needs.pool)) + ": what a worker takes " +
         found +
         ", so that it says nothing about how many fit; the costs stay as they "
         "are: try more runs (--repeat), other numbers of workers (--counts), "
         "or see whether each run does its work";
}

PoolReport report_of(const PoolPlan& pool, const Measurement& measurement,
                     std::vector<std::string>& notes) {
  PoolReport report;
  report.needs = pool.needs;
  report.headroom = pool.needs.headroom.value;
  if (!pool.needs.fixed.empty() || !pool.needs.per_worker.empty())
    report.declared = Costs{pool.fixed.bytes, pool.per_worker.bytes};
  // With "pin" the runs are of one copy, on one GPU.
  const bool several =
      pool.gpus.size() > 1 && pool.needs.spread.value != Spread::pin;
  if (!several)
    report.learned = learn(measurement, pool.needs.pool, report.headroom);
  if (several) {
    notes.push_back(
        "VRAM: what the processes hold is spread over several GPUs, and cannot "
        "be told apart; its costs stay as they are: measure with one GPU");
    report.to_declare = report.declared.value_or(Costs{});
    return report;
  }
  if (report.learned.samples.empty()) {
    notes.push_back(std::string(name_of(pool.needs.pool)) +
                    ": nobody tells what the processes hold of it; its costs "
                    "stay as they are");
    report.to_declare = report.declared.value_or(Costs{});
    return report;
  }
  learn_from_inputs(report, measurement, notes);
  if (report.factor) {
    report.to_declare = with_factor(*report.factor, report.factor_in, pool);
    report.proposal =
        propose_factor(pool.needs, report.factor_in, *report.factor);
  } else {
    report.to_declare = costs_to_declare(report.learned.regression);
    report.proposal =
        propose(pool.needs, pool.fixed, pool.per_worker, report.learned);
    if (report.learned.headroom.learned)
      report.headroom = report.learned.headroom.value;
  }
  report.doubt = doubt_about(report);
  if (!report.doubt.empty()) {
    notes.push_back(report.doubt);
    report.proposal = {};
  }
  return report;
}

// How many fit with the costs that were learned.
Result<PoolPlan> planned(const PoolPlan& before, const PoolReport& report,
                         std::uint64_t want) {
  PoolInput input;
  input.needs = before.needs;
  input.needs.headroom.value = report.headroom;
  input.fixed.bytes = report.to_declare.fixed;
  input.per_worker.bytes = report.to_declare.per_worker;
  input.reading = before.reading;
  for (const GpuPlan& gpu : before.gpus) input.gpus.push_back(gpu.gpu);
  return plan_pool(std::move(input), want);
}

}  // namespace

Result<MeasureReport> make_report(const Plan& plan, Measurement measurement) {
  if (measurement.runs.empty()) {
    return Error{measurement.stopped.empty() ? "no run could be measured"
                                             : measurement.stopped};
  }
  MeasureReport report;
  report.label = plan.label;
  report.stage = plan.stage;
  report.notes = measurement.notes;
  report.want = plan.want.value;
  report.threads = plan.want.value;
  bool declared = true;
  for (const PoolPlan& pool : plan.pools) {
    PoolReport found = report_of(pool, measurement, report.notes);
    const auto then = planned(pool, found, plan.want.value);
    if (!then) return then.error();
    found.budget = then->fit.budget;
    report.threads = std::min(report.threads, then->fit.threads);
    declared &= found.declared.has_value();
    report.notes.insert(report.notes.end(), found.proposal.notes.begin(),
                        found.proposal.notes.end());
    report.pools.push_back(std::move(found));
  }
  if (const WorkerCap* const cap = binding(plan.caps))
    report.threads =
        std::max<std::uint64_t>(1, std::min(report.threads, cap->workers));
  if (declared) report.threads_before = plan.threads;
  report.measurement = std::move(measurement);
  return report;
}

std::vector<NumberEdit> edits_of(const MeasureReport& report) {
  std::vector<NumberEdit> edits;
  for (const PoolReport& pool : report.pools)
    edits.insert(edits.end(), pool.proposal.edits.begin(),
                 pool.proposal.edits.end());
  return edits;
}

std::string doubt_of(const MeasureReport& report) {
  if (!edits_of(report).empty()) return "";
  for (const PoolReport& pool : report.pools)
    if (!pool.doubt.empty()) return pool.doubt;
  return "nothing was learned";
}

std::string describe_edit(const NumberEdit& edit, const PoolNeeds& needs) {
  std::string name =
      std::string(key_of(edit.pool)) + "." + std::string(name_of(edit.key));
  const std::string number = fmt::format("{:.4g}", edit.value);
  if (edit.key == EditedKey::headroom) return name + " = " + number;
  const Cost& cost =
      edit.key == EditedKey::fixed ? needs.fixed : needs.per_worker;
  if (cost.size() > 1) name += fmt::format("[{}]", edit.term);
  if (edit.term < cost.size() && is_file(cost[edit.term]))
    return name + ".parse_factor = " + number;
  return name + " = " + size_like(edit.value, "");
}

}  // namespace fitrun
