#include "measure/lone_group.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "hold/frozen_group.h"
#include "os/cgroup_folder.h"
#include "os/environment.h"
#include "probe/self.h"

namespace fitrun {

std::vector<pid_t> strangers(std::string_view procs, std::vector<pid_t> tree) {
  std::vector<pid_t> inside = parse_cgroup_procs(procs);
  std::sort(inside.begin(), inside.end());
  std::sort(tree.begin(), tree.end());
  std::vector<pid_t> others;
  std::set_difference(inside.begin(), inside.end(), tree.begin(), tree.end(),
                      std::back_inserter(others));
  return others;
}

LoneGroup::LoneGroup(const Host& host) : host_(host) {
  const Environment environment;
  probe::Self self(host_, environment);
  const CgroupChain& chain = self.chain("memory");
  if (chain.levels.empty()) return;
  const std::string& folder = chain.levels.front().folder;
  // What is below counts too, and its processes are listed there. But those who
  // are held there are jobs of those who are here.
  for (const std::string& name : host_.subdirectories(folder))
    if (!name.starts_with(kFrozenPrefix)) return;
  auto group = JobCgroup::open(host_.full(folder), chain.version,
                               JobCgroup::Access::look);
  if (group) group_.emplace(std::move(*group));
}

void LoneGroup::look(const std::vector<pid_t>& tree) {
  if (!group_) return;
  const auto procs = host_.read(group_->folder() + "/" + kCgroupProcs);
  std::vector<pid_t> known = tree;
  known.push_back(::getpid());
  std::vector<pid_t> unknown =
      procs ? strangers(*procs, std::move(known)) : std::vector<pid_t>{0};
  std::vector<pid_t> stay;
  std::set_intersection(unknown.begin(), unknown.end(), unknown_.begin(),
                        unknown_.end(), std::back_inserter(stay));
  auto usage = group_->read();
  // At the first look there is no telling who has just started.
  if (!procs || !usage || !stay.empty()) {
    group_.reset();
    return;
  }
  unknown_ = std::move(unknown);
  const std::uint64_t kills = group_->oom_kills().value_or(0);
  if (looks_++ == 0) {
    first_mark_ = usage->mark;
    kills_before_ = kills;
  }
  counted_ = usage->mark && usage->mark != first_mark_;
  if (!counted_) usage->mark.reset();  // of a time before the run
  usage_.add(*usage);
  kills_ = kills - std::min(kills, kills_before_);
}

std::uint64_t LoneGroup::peak() const {
  return alone() ? usage_.peak() : 0;
}

std::uint64_t LoneGroup::latest() const {
  return alone() ? usage_.latest() : 0;
}

std::optional<std::uint64_t> LoneGroup::oom_kills() const {
  return alone() ? kills_ : std::nullopt;
}

}  // namespace fitrun
