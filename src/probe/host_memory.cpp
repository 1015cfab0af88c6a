#include "probe/host_memory.h"

#include <algorithm>

#include "base/saturate.h"
#include "base/text.h"
#include "probe/sysinfo.h"
#include "probe/zfs.h"

namespace fitrun::probe {
namespace {

// A file that holds one number; 0 where it cannot be read.
std::uint64_t number_in(const Host& host, std::string_view path) {
  const auto text = host.read(path);
  return text ? parse_count(trim(*text)).value_or(0) : 0;
}

// The kernel's figure, or what comes nearest to it.
void choose_available(Self& self, const Meminfo& info, Constraint& c,
                      std::vector<std::string>& diagnostics) {
  c.available = info.available;
  const bool absent = !info.available;
  // Some LXC versions and emulated kernels print 0.
  const bool stub = info.available == 0 && info.free.value_or(0) > 0;
  if (absent || stub) {
    c.name += "(estimated)";
    c.available = estimate_available(info, self.zones(), self.page_size());
    if (!c.available) c.reason = "neither MemAvailable nor MemFree is there";
  } else if (info.total && *info.available > *info.total) {
    diagnostics.push_back(
        "MemAvailable in /proc/meminfo is more than MemTotal: MemFree is taken "
        "instead");
    c.available = info.free;
    if (!info.free || *info.free > *info.total) {
      c.available.reset();
      c.reason = "more than MemTotal";
    }
  }
}

void add_zfs_cache(const Host& host, const Meminfo& info, Constraint& c) {
  const auto text = host.read("/proc/spl/kstat/zfs/arcstats");
  if (!text) return;
  const std::uint64_t evictable = evictable_arc(*text);
  if (evictable == 0) return;
  c.name += "+zfs_arc";
  c.reclaimable = evictable;
  c.available = add(*c.available, evictable);
  if (info.total) c.available = std::min(*c.available, *info.total);
}

// MemAvailable by lxcfs is the container's limit less its usage, and without a
// limit the machine's total less its usage, as if nobody else were there.
// zoneinfo is not virtualised.
void add_zoneinfo(Self& self, PoolReading& reading) {
  if (self.zones().empty()) return;
  const ZoneTotals totals = in_bytes(sum(self.zones()), self.page_size());
  Constraint c;
  c.name = "host.zoneinfo";
  c.where = "/proc/zoneinfo";
  c.available = mem_available(totals);
  reading.constraints.push_back(std::move(c));
}

// With vm.overcommit_memory = 2 an allocation fails at CommitLimit, however
// much is free (Documentation/mm/overcommit-accounting.rst; the reserves:
// __vm_enough_memory() in mm/util.c). This counts virtual memory.
void add_commit_limit(Self& self, const Meminfo& info, PoolReading& reading) {
  const Host& host = self.host();
  if (number_in(host, "/proc/sys/vm/overcommit_memory") != 2) return;
  Constraint c;
  c.name = "host.commit_limit";
  c.where = "/proc/meminfo";
  c.limit = info.commit_limit;
  c.used = info.committed;
  if (info.commit_limit && info.committed) {
    const Status& status = self.status();
    std::uint64_t reserved = 0;
    if (!status.has_capability(kCapSysAdmin))
      reserved =
          multiply(number_in(host, "/proc/sys/vm/admin_reserve_kbytes"), 1024);
    const std::uint64_t user_reserve =
        multiply(number_in(host, "/proc/sys/vm/user_reserve_kbytes"), 1024);
    reserved = add(reserved, std::min(status.virtual_bytes.value_or(0) / 32,
                                      user_reserve));
    c.available = subtract(*info.commit_limit, add(*info.committed, reserved));
  } else {
    c.reason = "CommitLimit and Committed_AS are not both there";
  }
  reading.constraints.push_back(std::move(c));
}

// What a system call says where the file does not. Of this machine alone: under
// --root it would speak of another.
void add_system_call(const Host& host, PoolReading& reading) {
  if (!host.live()) return;
  const auto told = own_system_memory();
  if (!told) return;
  Constraint c;
  c.name = "host.sysinfo";
  c.where = "sysinfo(2)";
  c.limit = told->total;
  c.available = told->free;
  c.used = subtract(told->total, told->free);
  reading.constraints.push_back(std::move(c));
  reading.swap = told->swap;
}

}  // namespace

void host_memory(Self& self, PoolReading& reading) {
  const bool lxcfs = self.has_lxcfs_meminfo();
  Constraint c;
  c.name = lxcfs ? "lxcfs.mem_available" : "host.mem_available";
  c.where = "/proc/meminfo";
  const Result<Meminfo>& file = self.meminfo();
  const Meminfo info = file ? *file : Meminfo();
  if (file) {
    choose_available(self, info, c, reading.diagnostics);
  } else {
    c.reason = file.error().message;
  }
  if (c.available && !lxcfs) add_zfs_cache(self.host(), info, c);
  c.limit = info.total;
  if (info.total && c.available) c.used = subtract(*info.total, *c.available);
  reading.swap = info.swap.value_or(0);
  const bool silent = !c.available;
  reading.constraints.push_back(std::move(c));
  if (silent) add_system_call(self.host(), reading);
  if (lxcfs) add_zoneinfo(self, reading);
  add_commit_limit(self, info, reading);
}

}  // namespace fitrun::probe
