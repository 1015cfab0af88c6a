#include "measure/render_report.h"

#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "measure/plot.h"

namespace fitrun {
namespace {

std::string counts_text(const std::vector<Sample>& samples) {
  std::set<double> counts;
  for (const Sample& sample : samples) counts.insert(sample.workers);
  std::string text;
  for (const double count : counts)
    text += (text.empty() ? "" : ", ") + fmt::format("{:.0f}", count);
  return text + (counts == std::set<double>{1} ? " worker" : " workers");
}

std::string heading(const MeasureReport& report) {
  std::string text = report.label.empty() ? "" : printable(report.label) + ": ";
  text += counted(report.measurement.runs.size(), "run");
  if (!report.pools.empty())
    text += ", with " + counts_text(report.pools[0].learned.samples);
  return text + "\n";
}

// Each run against the line; with a factor, against the fit over all inputs.
std::string run_rows(const PoolReport& pool, const Measurement& measurement) {
  std::string out =
      fmt::format("  {:<5}{:>9} {:>11} {:>11} {:>9}\n",
                  name_of(pool.needs.pool), "workers", "peak", "line", "off");
  bool any = false;
  for (const MeasuredRun& run : measurement.runs) {
    const auto workers = static_cast<double>(run.workers);
    const auto peak = bytes_of(run, pool.needs.pool);
    const bool other = run.input != measurement.runs.front().input;
    if (!peak || (other && !pool.factor)) continue;
    const double line =
        pool.factor ? pool.factor->at(pool.factor_in, workers, run.input->bytes)
                    : pool.learned.regression.line.at(workers);
    const double off = line > 0 ? static_cast<double>(*peak) / line - 1 : 0;
    // To the digit that is shown: what rounds to 0 has no sign of its own.
    const double tenths = std::round(off * 1000) / 10 + 0.0;
    out += fmt::format("       {:>9} {:>11} {:>11} {:>+8.1f}%", run.workers,
                       format_bytes(*peak), format_bytes(line), tenths);
    if (pool.factor) out += "  " + printable(run.input->path);
    out += "\n";
    any = true;
  }
  return any ? out + "\n" : "";
}

std::string range_text(const std::optional<Range>& range) {
  if (!range) return "";
  return format_bytes(range->low) + " to " + format_bytes(range->high) +
         " with 95 % confidence";
}

std::string row(const std::string& value, const char* what,
                const std::string& origin) {
  std::string line = fmt::format("       {:>9}  {:<12}  ", value, what);
  line += origin;
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string cost_row(double bytes, const char* what, std::string origin,
                     const std::optional<double>& declared) {
  if (declared) {
    origin += (origin.empty() ? "" : "; ") + std::string("declared: ") +
              format_bytes(*declared);
  }
  return row(format_bytes(bytes), what, origin);
}

std::string cost_rows(const PoolReport& pool) {
  const Regression& found = pool.learned.regression;
  const bool line = &costs_to_declare(found) == &found.line;
  std::optional<double> fixed, per_worker;
  if (pool.declared) {
    fixed = pool.declared->fixed;
    per_worker = pool.declared->per_worker;
  }
  const auto origin = [&](const std::optional<Range>& range) -> std::string {
    if (pool.factor) return "";
    return line ? range_text(range) : "the bound that covers every run";
  };
  std::string out = cost_row(pool.to_declare.fixed, "fixed",
                             origin(found.fixed_range), fixed) +
                    cost_row(pool.to_declare.per_worker, "per worker",
                             origin(found.per_worker_range), per_worker);
  if (pool.factor) {
    out +=
        row(fmt::format("{:.4g}", pool.factor->factor * pool.factor->covering),
            "parse_factor",
            pool.factor_in == FactorIn::fixed ? "of fixed" : "of per_worker");
  }
  const LearnedHeadroom& margin = pool.learned.headroom;
  out += row(
      fmt::format("{:.2f}", pool.headroom), "headroom",
      margin.learned && !pool.factor ? margin.note : "as it was: not learned");
  const std::string r2 = fmt::format(
      "{:.4f}", pool.factor ? pool.factor->r_squared : found.r_squared);
  // The count explains nothing, and then the shape says so in words.
  if (r2 == "0.0000") return out;
  return out + row(r2, "r2", "1 where the line meets every run");
}

std::string method_text(const MeasureReport& report, const PoolReport& pool) {
  const PeakReading& peak = report.measurement.runs.front().peak;
  if (pool.needs.pool == Pool::vram)
    return "       by what the driver says that the processes hold\n";
  std::string text = "       by " + printable(peak.method) + "\n";
  if (!peak.why_not.empty()) {
    text +=
        "       (no control group counted: " + printable(peak.why_not) + ")\n";
  }
  if (peak.certainty == Certainty::at_least)
    text +=
        "       these peaks are lower bounds: a spike between two looks "
        "is not seen\n";
  return text;
}

std::string outcome(const MeasureReport& report) {
  std::string text = fmt::format("With these costs {} of {} workers fit",
                                 report.threads, report.want);
  if (report.threads_before)
    text += fmt::format("; as declared, {}", *report.threads_before);
  return text + ".\n";
}

}  // namespace

PlotInput plot_of(const MeasureReport& report, const PoolReport& pool) {
  PlotInput plot;
  plot.title = (report.label.empty() ? "" : report.label + ": ") +
               std::string(name_of(pool.needs.pool)) + " of the runs";
  plot.samples = pool.learned.samples;
  plot.line = costs_to_declare(pool.learned.regression);
  plot.budget = pool.budget;
  return plot;
}

std::string render_report(const MeasureReport& report, const TextStyle& style) {
  std::string out = heading(report);
  for (const PoolReport& pool : report.pools) {
    if (pool.learned.samples.empty()) continue;
    out += "\n" + run_rows(pool, report.measurement) + cost_rows(pool) + "\n" +
           method_text(report, pool);
    const std::string shape = describe(pool.learned.regression.shape);
    if (!pool.factor && !shape.empty()) out += "       " + shape + "\n";
    out += "\n" + plot_text(plot_of(report, pool), style);
  }
  out += "\n";
  for (const std::string& note : report.notes)
    out += "note: " + printable(note) + "\n";
  // Of runs that were broken off nobody knows whether they are right.
  return report.measurement.stopped.empty() ? out + outcome(report) : out;
}

}  // namespace fitrun
