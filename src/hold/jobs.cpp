#include "hold/jobs.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include "base/base_name.h"

namespace fitrun {
namespace {

constexpr std::array<std::string_view, 19> kClients{
    "make",      "gmake",  "ninja",         "ninja-build", "samu",
    "cargo",     "cmake",  "ctest",         "meson",       "go",
    "scons",     "xargs",  "parallel",      "bazel",       "mvn",
    "snakemake", "gradle", "cargo-nextest", "waf"};

constexpr std::size_t kNone = SIZE_MAX;

// Index of each process's parent in the tree.
std::vector<std::size_t> parents_in(const std::vector<SeenProcess>& tree) {
  std::unordered_map<pid_t, std::size_t> index;
  for (std::size_t i = 0; i < tree.size(); ++i) index[tree[i].id.pid] = i;
  std::vector<std::size_t> parents(tree.size(), kNone);
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const auto at = index.find(tree[i].parent);
    if (at != index.end() && at->second != i) parents[i] = at->second;
  }
  return parents;
}

// Those that are a client by name, and all above them.
std::vector<char> clients_in(const std::vector<SeenProcess>& tree,
                             const std::vector<std::size_t>& parents,
                             pid_t command) {
  std::vector<char> client(tree.size(), 0);
  for (std::size_t i = 0; i < tree.size(); ++i) {
    if (tree[i].id.pid != command && !is_client(tree[i].argv)) continue;
    for (std::size_t at = i; at != kNone && !client[at]; at = parents[at])
      client[at] = 1;
  }
  return client;
}

}  // namespace

bool is_client(const std::vector<std::string>& argv) {
  if (argv.empty()) return false;
  // By its own name: `sh -c make` is one as soon as there is a make below it.
  std::string_view name = base_name(argv.front());
  // A script by its interpreter: "perl /usr/bin/parallel".
  if (argv.size() > 1 && (name == "perl" || name.starts_with("python")))
    name = base_name(argv[1]);
  return std::find(kClients.begin(), kClients.end(), name) != kClients.end();
}

JobView jobs_in(const std::vector<SeenProcess>& tree, pid_t command) {
  const std::vector<std::size_t> parents = parents_in(tree);
  const std::vector<char> client = clients_in(tree, parents, command);
  JobView view;
  std::unordered_map<std::size_t, std::size_t> job_of_root;
  for (std::size_t i = 0; i < tree.size(); ++i) {
    if (client[i] || parents[i] == kNone || !client[parents[i]]) continue;
    job_of_root[i] = view.jobs.size();
    view.jobs.push_back({i, {i}, tree[i].bytes});
  }
  for (std::size_t i = 0; i < tree.size(); ++i) {
    if (job_of_root.contains(i)) continue;
    // Up to the root of a job; a tree is no deeper than it is large, even where
    // pids were used again in mid-look.
    std::size_t at = i;
    for (std::size_t steps = 0; at != kNone && steps < tree.size(); ++steps) {
      if (client[at] || job_of_root.contains(at)) break;
      at = parents[at];
    }
    const auto job = at == kNone ? job_of_root.end() : job_of_root.find(at);
    if (job == job_of_root.end() || client[i]) {
      view.base += tree[i].bytes;
      continue;
    }
    view.jobs[job->second].members.push_back(i);
    view.jobs[job->second].bytes += tree[i].bytes;
  }
  return view;
}

}  // namespace fitrun
