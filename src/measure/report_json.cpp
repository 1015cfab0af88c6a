#include "measure/report_json.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace fitrun {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of_shape(Shape shape) {
  switch (shape) {
    case Shape::too_few:
      return "too_few";
    case Shape::line:
      return "line";
    case Shape::flat:
      return "flat";
    case Shape::split_work:
      return "split_work";
    case Shape::steepening:
      return "steepening";
    case Shape::scattered:
      break;
  }
  return "scattered";
}

Json run_json(const MeasuredRun& run) {
  const PeakReading& peak = run.peak;
  Json json{{"workers", run.workers}};
  if (run.input) {
    json["input"] = run.input->path;
    json["input_bytes"] = whole_bytes(run.input->bytes);
  }
  json["peak"] = peak.bytes;
  json["certainty"] =
      peak.certainty == Certainty::counted ? "counted" : "at least";
  json["method"] = peak.method;
  if (peak.vram) json["vram"] = *peak.vram;
  json["page_cache"] = peak.page_cache;
  json["seconds"] = static_cast<double>(run.elapsed.count()) / 1e6;
  return json;
}

// Rounded up: a bound that covers every run still does.
Json costs_json(const Costs& costs) {
  return {{"fixed", whole_bytes(std::ceil(costs.fixed))},
          {"per_worker", whole_bytes(std::ceil(costs.per_worker))}};
}

void add_range(Json& json, const char* key, const std::optional<Range>& range) {
  if (range) json[key] = {whole_bytes(range->low), whole_bytes(range->high)};
}

Json pool_json(const PoolReport& pool) {
  const Regression& found = pool.learned.regression;
  Json json{{"pool", key_of(pool.needs.pool)}};
  if (pool.learned.samples.empty()) {
    json["learned"] = false;
    return json;
  }
  json["learned"] = true;
  json.update(costs_json(pool.to_declare));
  json["shape"] = name_of_shape(found.shape);
  json["line"] = costs_json(found.line);
  json["bound"] = costs_json(found.bound);
  add_range(json, "fixed_range", found.fixed_range);
  add_range(json, "per_worker_range", found.per_worker_range);
  json["residuals"] = pool.factor ? pool.factor->residuals : found.residuals;
  json["r_squared"] = pool.factor ? pool.factor->r_squared : found.r_squared;
  if (pool.factor)
    json["parse_factor"] = pool.factor->factor * pool.factor->covering;
  json["headroom"] = pool.headroom;
  json["headroom_learned"] = pool.learned.headroom.learned && !pool.factor;
  json["headroom_note"] = pool.learned.headroom.note;
  json["budget"] = whole_bytes(pool.budget);
  if (pool.declared) json["declared"] = costs_json(*pool.declared);
  Json edits = Json::array();
  for (const NumberEdit& edit : pool.proposal.edits)
    edits.push_back(describe_edit(edit, pool.needs));
  json["proposal"] = edits;
  if (!pool.doubt.empty()) json["doubt"] = pool.doubt;
  return json;
}

}  // namespace

std::string report_json(const MeasureReport& report) {
  Json json{{"label", report.label}, {"stage", report.stage}};
  json["want"] = report.want;
  json["threads"] = report.threads;
  if (report.threads_before) json["threads_before"] = *report.threads_before;
  json["runs"] = Json::array();
  for (const MeasuredRun& run : report.measurement.runs)
    json["runs"].push_back(run_json(run));
  json["pools"] = Json::array();
  for (const PoolReport& pool : report.pools)
    json["pools"].push_back(pool_json(pool));
  json["notes"] = report.notes;
  json["complete"] = report.measurement.stopped.empty();
  // Paths may hold bytes that are not UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fitrun
