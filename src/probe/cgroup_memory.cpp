#include "probe/cgroup_memory.h"

#include <algorithm>
#include <cerrno>
#include <span>

#include "base/saturate.h"
#include "base/text.h"
#include "os/file.h"
#include "probe/cgroup_files.h"

namespace fitrun {
namespace {

// PAGE_COUNTER_MAX in bytes depends on the page size; this is below it for all.
constexpr std::uint64_t kUnlimited = 0x7FFF'FFFF'0000'0000;
constexpr const char* kNoLimit = "unlimited";  // the reason, for people

}  // namespace

CgroupLimit parse_cgroup_limit(std::string_view text) {
  text = trim(text);
  if (text == "max") return {std::nullopt, "max"};
  const auto bytes = parse_count(text);
  if (!bytes) return {std::nullopt, "not a number: " + in_quotes(text), false};
  if (*bytes >= kUnlimited) return {std::nullopt, kNoLimit};
  return {bytes, ""};
}

MemoryStat parse_memory_stat(std::string_view text) {
  MemoryStat stat;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, blank);
    const auto value = [&] { return parse_count(trim(line.substr(blank))); };
    // Whole keys: file_mapped and workingset_activate_file are others.
    if (key == "inactive_file") stat.inactive_file = value();
    if (key == "active_file") stat.active_file = value();
    if (key == "slab_reclaimable") stat.slab_reclaimable = value();
    if (key == "total_inactive_file") stat.total_inactive_file = value();
    if (key == "total_active_file") stat.total_active_file = value();
    if (key == "total_swap") stat.total_swap = value();
    if (key == "hierarchical_memory_limit")
      stat.hierarchical_memory_limit = value();
    if (key == "hierarchical_memsw_limit")
      stat.hierarchical_memsw_limit = value();
  }
  return stat;
}

std::uint64_t reclaimable_at(std::uint64_t limit, std::uint64_t used,
                             const MemoryStat& stat, CgroupVersion version) {
  constexpr std::uint64_t kKept = 64;  // of the limit, one part in so many
  const auto spare = [&](std::uint64_t bytes) {
    return bytes - std::min(bytes / 2, limit / kKept);
  };
  const auto value = [](const std::optional<std::uint64_t>& bytes) {
    return bytes.value_or(0);
  };
  std::uint64_t bytes = 0;
  if (version == CgroupVersion::v1) {
    bytes = spare(
        add(value(stat.total_inactive_file), value(stat.total_active_file)));
  } else {
    bytes = add(spare(add(value(stat.inactive_file), value(stat.active_file))),
                spare(value(stat.slab_reclaimable)));
  }
  // The two files are not read at one instant.
  return std::min(bytes, used);
}

namespace probe {
namespace {

// A limit file, the usage file that goes with it, and the constraint's name.
struct Source {
  const char* limit;
  const char* usage;
  const char* name;
};

constexpr Source kVersion2[] = {
    {kMemoryFiles2.limit, kMemoryFiles2.usage, "cgroup2.memory.max"},
    {kMemoryFiles2.high, kMemoryFiles2.usage, "cgroup2.memory.high"}};

constexpr Source kVersion1[] = {
    {kMemoryFiles1.limit, kMemoryFiles1.usage, "cgroup1.memory.limit"},
    {kMemoryFiles1.swap_limit, kMemoryFiles1.swap_usage,
     "cgroup1.memsw.limit"}};

bool is_absent(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR;
}

// The files of one level that more than one limit needs, read when needed: most
// levels have no limit, and memory.stat is the costliest file of all.
class Level {
 public:
  Level(const Host& host, const CgroupLevel& level, CgroupVersion version)
      : host_(host), level_(level), version_(version) {}

  Result<std::string> read(const char* file) const {
    return host_.read(level_.folder + "/" + file);
  }

  const MemoryStat& stat() {
    if (!stat_) {
      const auto text = read(kMemoryStat);
      stat_ = text ? parse_memory_stat(*text) : MemoryStat();
    }
    return *stat_;
  }

  std::optional<std::uint64_t> usage(const char* file) {
    if (usage_file_ != file) {
      const auto text = read(file);
      usage_ = text ? parse_count(trim(*text)) : std::nullopt;
      usage_file_ = file;
    }
    return usage_;
  }

  Constraint constraint(const char* name, const char* file) const {
    Constraint c;
    c.name = name;
    c.where = level_.folder;
    c.file = file;
    c.level = level_.path;
    return c;
  }

  // Fills in what `limit` leaves of it.
  void apply(std::uint64_t limit, const char* usage_file, Constraint& c) {
    c.limit = limit;
    c.used = usage(usage_file);
    if (!c.used) {  // the limit holds all the same
      c.available = limit;
      c.exact = false;
      return;
    }
    c.reclaimable = reclaimable_at(limit, *c.used, stat(), version_);
    c.available = subtract(limit, *c.used - *c.reclaimable);
  }

 private:
  const Host& host_;
  const CgroupLevel& level_;
  CgroupVersion version_;
  std::optional<MemoryStat> stat_;
  std::optional<std::uint64_t> usage_;
  std::string_view usage_file_;
};

// What one limit file at one level says; nothing where it is not there, which
// happens where the controller is not enabled, and says nothing of ancestors.
std::optional<Constraint> ask(Level& level, const Source& source,
                              std::vector<std::string>& diagnostics) {
  const auto text = level.read(source.limit);
  if (!text && is_absent(text.error())) return std::nullopt;
  Constraint c = level.constraint(source.name, source.limit);
  CgroupLimit limit;
  if (text) {
    limit = parse_cgroup_limit(*text);
  } else {
    limit = {std::nullopt, error_text(text.error().code), false};
  }
  c.reason = limit.reason;
  if (!limit.usable)
    diagnostics.push_back(title(c) + " is left out: " + limit.reason);
  if (!limit.bytes) return c;
  level.apply(*limit.bytes, source.usage, c);
  if (!c.used) {
    diagnostics.push_back(title(c) + ": " + source.usage +
                          " cannot be read, so what is used is unknown");
  }
  return c;
}

// hierarchical_memory_limit is the smallest limit up to the real root,
// ancestors above the mount included: the only window on them. How much they
// use is not known, so this is an upper bound.
void add_hidden_ancestor(Level& top, std::uint64_t own_limit,
                         PoolReading& reading) {
  const auto limit = top.stat().hierarchical_memory_limit;
  if (!limit || *limit >= own_limit) return;
  Constraint c =
      top.constraint("cgroup1.hidden_ancestor", "hierarchical_memory_limit");
  top.apply(*limit, kVersion1[0].usage, c);
  c.exact = false;
  reading.constraints.push_back(std::move(c));
}

// Whether the cgroup counts what its children use. Where one does, all below it
// do, and none can stop (Documentation/admin-guide/cgroup-v1/memory.rst, 6).
std::optional<bool> counts_children(const Level& level) {
  const auto text = level.read("memory.use_hierarchy");
  if (!text) return std::nullopt;
  return trim(*text) != "0";
}

// The two smallest limits up to the real root stand in memory.stat of the
// lowest level. Where they say that there is none, on any level and above them,
// no other file needs to be read: true, and all levels are unlimited.
bool add_unlimited(std::vector<Level>& levels, PoolReading& reading) {
  if (levels.empty()) return false;
  const MemoryStat& stat = levels.front().stat();
  const std::optional<std::uint64_t> least[] = {stat.hierarchical_memory_limit,
                                                stat.hierarchical_memsw_limit};
  // The second is not there where swap is not counted.
  if (!least[0] || *least[0] < kUnlimited ||
      least[1].value_or(kUnlimited) < kUnlimited)
    return false;
  for (const Level& level : levels) {
    for (std::size_t i = 0; i < std::size(kVersion1); ++i) {
      if (!least[i]) continue;
      Constraint c = level.constraint(kVersion1[i].name, kVersion1[i].limit);
      c.reason = kNoLimit;
      reading.constraints.push_back(std::move(c));
    }
  }
  return true;
}

}  // namespace

void cgroup_memory(const Host& host, const CgroupChain& chain,
                   PoolReading& reading) {
  const bool v1 = chain.version == CgroupVersion::v1;
  std::vector<Level> levels;
  for (const CgroupLevel& level : chain.levels)
    levels.emplace_back(host, level, chain.version);
  if (v1 && add_unlimited(levels, reading)) return;
  const auto sources = std::span<const Source>(v1 ? kVersion1 : kVersion2);
  const bool all_count =
      v1 && chain.levels.size() > 1 && counts_children(levels.back()) == true;
  for (std::size_t i = 0; i < chain.levels.size(); ++i) {
    Level& level = levels[i];
    std::uint64_t own_limit = kUnlimited;
    bool has_files = false;
    for (const Source& source : sources) {
      auto c = ask(level, source, reading.diagnostics);
      if (!c) continue;
      has_files = true;
      if (&source == &sources[0]) own_limit = c->limit.value_or(kUnlimited);
      reading.constraints.push_back(std::move(*c));
    }
    const bool last = i + 1 == chain.levels.size();
    if (!v1) {
      // The real root has no such files: there is more above.
      if (last && has_files) {
        reading.diagnostics.push_back(
            "cgroups above " + chain.levels[i].folder +
            " cannot be seen from here: a limit there would not show");
      }
      continue;
    }
    // Without use_hierarchy (Linux < 5.11) children are not charged to it.
    if (last || (!all_count && counts_children(levels[i + 1]) == false)) {
      add_hidden_ancestor(level, own_limit, reading);
      return;
    }
  }
}

void warn_of_group_kill(const Host& host, const CgroupChain& chain,
                        PoolReading& reading) {
  const Constraint* const bound = binding(reading);
  if (!bound || bound->file.empty() || chain.version != CgroupVersion::v2)
    return;
  for (const CgroupLevel& level : chain.levels) {
    const auto text = host.read(level.folder + "/memory.oom.group");
    if (text && trim(*text) == "1") {
      reading.diagnostics.push_back(
          "memory.oom.group is set in " + level.folder +
          ": going over the limit would end everything in it at once");
      return;
    }
    if (level.folder == bound->where) return;
  }
}

}  // namespace probe
}  // namespace fitrun
