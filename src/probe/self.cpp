#include "probe/self.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "os/process.h"

namespace fitrun::probe {

const Result<Meminfo>& Self::meminfo() {
  if (!meminfo_) {
    const auto text = host_.read("/proc/meminfo");
    if (text) {
      meminfo_.emplace(parse_meminfo(*text));
    } else {
      meminfo_.emplace(text.error());
    }
  }
  return *meminfo_;
}

const std::vector<ZoneNode>& Self::zones() {
  if (!zones_) {
    const auto text = host_.read("/proc/zoneinfo");
    zones_ = text ? parse_zoneinfo(*text) : std::vector<ZoneNode>();
  }
  return *zones_;
}

const Status& Self::status() {
  if (!status_) {
    const auto text = host_.read("/proc/self/status");
    status_ = text ? parse_status(*text) : Status();
  }
  return *status_;
}

Rights Self::rights() {
  if (host_.live()) return own_rights();
  const Rights& told = status();
  return told;
}

const Limits& Self::limits() {
  if (!limits_ && host_.live()) limits_ = own_limits();
  if (!limits_) {
    const auto text = host_.read("/proc/self/limits");
    limits_ = text ? parse_limits(*text) : Limits();
  }
  return *limits_;
}

const std::vector<Mount>& Self::mounts() {
  if (!mounts_) {
    const auto text = host_.read("/proc/self/mountinfo");
    mounts_ = text ? parse_mountinfo(*text) : std::vector<Mount>();
  }
  return *mounts_;
}

const Result<std::vector<CgroupLine>>& Self::cgroups() {
  if (!cgroups_) {
    const auto text = host_.read(member_ == 0 ? "/proc/self/cgroup"
                                              : proc_path(member_, "cgroup"));
    if (text) {
      cgroups_.emplace(parse_proc_cgroup(*text));
    } else {
      cgroups_.emplace(text.error());
    }
  }
  return *cgroups_;
}

std::uint64_t Self::page_size() {
  constexpr std::uint64_t kUsual = 4096;
  if (!page_size_) {
    const auto text = host_.read("/proc/self/auxv");
    page_size_ = text ? page_size_in_auxv(*text).value_or(kUsual) : kUsual;
  }
  return *page_size_;
}

bool Self::has_lxcfs_meminfo() {
  return std::any_of(mounts().begin(), mounts().end(), [](const Mount& mount) {
    return mount.type == "fuse.lxcfs" && mount.point == "/proc/meminfo";
  });
}

const CgroupChain& Self::chain(std::string_view controller) {
  CgroupOwner owner;
  if (cgroups()) owner = owner_of(*cgroups(), controller);
  if (owner.version != CgroupVersion::v1) owner.controller.clear();
  for (const auto& [known, chain] : chains_)
    if (known == owner) return chain;
  chains_.emplace_back(owner, cgroup_chain(host_, mounts(), owner, pid()));
  return chains_.back().second;
}

std::uint64_t Self::pid() {
  if (member_ != 0) return static_cast<std::uint64_t>(member_);
  // The file may belong to another pid namespace than cgroup.procs does.
  if (host_.live()) return static_cast<std::uint64_t>(::getpid());
  return status().pid.value_or(0);
}

std::optional<std::uint64_t> page_size_in_auxv(std::string_view auxv) {
  Elf64_auxv_t entry;
  for (; auxv.size() >= sizeof entry; auxv.remove_prefix(sizeof entry)) {
    std::memcpy(&entry, auxv.data(), sizeof entry);
    if (entry.a_type != AT_PAGESZ) continue;
    const std::uint64_t size = entry.a_un.a_val;
    const bool plausible = size >= 4096 && size <= (1U << 20);
    return plausible ? std::optional(size) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace fitrun::probe
