#include "plan/render_gpus.h"

#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "plan/constraint_json.h"
#include "plan/text_rows.h"

namespace fitrun {
namespace {

using Json = nlohmann::ordered_json;

std::optional<std::uint64_t> usable(const Gpu& gpu) {
  const Constraint* const bound = binding(gpu.reading);
  return bound && gpu.problem.empty() ? bound->available : std::nullopt;
}

std::string number(const Gpu& gpu) {
  return gpu.number ? fmt::format("{}", *gpu.number) : "-";
}

// What is to be said of a GPU beside its numbers.
std::string remark(const Gpu& gpu) {
  if (!gpu.skipped.empty()) return "not used: " + gpu.skipped;
  std::string text = "used";
  if (gpu.memory == GpuMemory::shared) text += ", takes its memory from RAM";
  const Constraint* const bound = binding(gpu.reading);
  if (bound && bound->available != gpu.free)
    text += ", bound by " + title(*bound);
  if (const auto& cap = gpu.reading.per_process_cap)
    text += fmt::format(", a process may have {} ({})",
                        format_limit(cap->bytes), cap->name);
  return text;
}

std::string names(const Gpu& gpu) {
  std::string text = gpu.name;
  for (const std::string& id : {gpu.uuid, gpu.address})
    if (!id.empty() && id != gpu.name) text += ", " + id;
  return text;
}

std::string gpu_row(const Gpu& gpu, const TextStyle& style) {
  std::string line = fmt::format(
      "  {} {:>6} {:>10} {:>10} {:>10}  {}", gpu.skipped.empty() ? '>' : ' ',
      number(gpu), gpu.total ? format_limit(*gpu.total) : "-",
      bytes_or(gpu.free, "-"), bytes_or(usable(gpu), "-"),
      printable(names(gpu)));
  if (gpu.skipped.empty()) line = styled(line, kBold, style);
  return fmt::format("{}\n{:45}{}\n", line, "",
                     printable(gpu.source + ": " + remark(gpu)));
}

Json gpu_json(const Gpu& gpu) {
  Json json = {{"vendor", key_of(gpu.vendor)}, {"name", gpu.name}};
  if (!gpu.uuid.empty()) json["uuid"] = gpu.uuid;
  if (!gpu.address.empty()) json["address"] = gpu.address;
  if (gpu.number) json["number"] = *gpu.number;
  json["source"] = gpu.source;
  json["memory"] = gpu.memory == GpuMemory::own ? "own" : "ram";
  json["used"] = gpu.skipped.empty();
  if (!gpu.skipped.empty()) json["reason"] = gpu.skipped;
  if (gpu.total) json["total"] = *gpu.total;
  if (gpu.free) json["free"] = *gpu.free;
  if (const auto available = usable(gpu)) {
    json["available"] = *available;
    json["binding"] = binding(gpu.reading)->name;
  }
  Json constraints = Json::array();
  for (const Constraint& c : gpu.reading.constraints)
    constraints.push_back(constraint_json(c));
  json["constraints"] = std::move(constraints);
  if (const auto& cap = gpu.reading.per_process_cap)
    json["per_process_cap"] = {{"name", cap->name}, {"bytes", cap->bytes}};
  json["diagnostics"] = gpu.reading.diagnostics;
  return json;
}

}  // namespace

std::string render_gpus_text(const std::vector<Gpu>& gpus,
                             const TextStyle& style) {
  if (gpus.empty()) return {};
  std::string out =
      "    device      total       free     usable  GPU, and what said so\n";
  for (const Gpu& gpu : gpus) {
    out += gpu_row(gpu, style);
    for (const std::string& sentence : gpu.reading.diagnostics)
      out += fmt::format("{:45}{}\n", "", printable(sentence));
  }
  return out;
}

Json gpus_json(const std::vector<Gpu>& gpus) {
  Json all = Json::array();
  for (const Gpu& gpu : gpus) all.push_back(gpu_json(gpu));
  return all;
}

}  // namespace fitrun
