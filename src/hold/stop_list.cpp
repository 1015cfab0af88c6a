#include "hold/stop_list.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "os/file.h"

namespace fitrun {
namespace {

constexpr char kMagic[16] = "fitrun-held 2\n";

}  // namespace

struct StopList::Page {
  struct Slot {
    std::atomic<std::int64_t> pid;  // 0: free
    std::atomic<std::uint64_t> start;
  };
  std::array<char, 16> magic;
  std::array<char, 48> boot;
  std::array<Slot, kMostStopped> slots;
  std::array<char, kLongestGroup + 1> group;
};

Result<StopList::Page*> StopList::map(const Fd& file) {
  void* const at = ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE,
                          MAP_SHARED, file.get(), 0);
  if (at == MAP_FAILED) return path_error("the list of held jobs", errno);
  return static_cast<Page*>(at);
}

Result<StopList> StopList::make(Fd file, const std::string& boot) {
  // Room is taken now: a page that a full disk cannot hold would kill us later
  // (SIGBUS).
  const int full = ::posix_fallocate(file.get(), 0, sizeof(Page));
  if (full != 0) return path_error("the list of held jobs", full);
  if (::flock(file.get(), LOCK_SH | LOCK_NB) != 0)
    return path_error("the list of held jobs", errno);
  Result<Page*> page = map(file);
  if (!page) return page.error();
  StopList list(std::move(file), *page);
  boot.copy((*page)->boot.data(), (*page)->boot.size() - 1);
  std::memcpy((*page)->magic.data(), kMagic, sizeof kMagic);
  return list;
}

Result<StopList> StopList::take_over(Fd file, const std::string& boot) {
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return path_error("the list of held jobs", errno);
  return open(std::move(file), boot);
}

Result<StopList> StopList::look_into(Fd file, const std::string& boot) {
  return open(std::move(file), boot);
}

Result<StopList> StopList::open(Fd file, const std::string& boot) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || info.st_uid != ::geteuid() ||
      info.st_size != static_cast<off_t>(sizeof(Page)))
    return Error{"no list of held jobs", EINVAL};
  Result<Page*> page = map(file);
  if (!page) return page.error();
  StopList list(std::move(file), *page);
  // Its writer has written the whole name, or zeros behind a shorter one.
  const std::string_view name((*page)->boot.data(), (*page)->boot.size() - 1);
  if (std::memcmp((*page)->magic.data(), kMagic, sizeof kMagic) != 0 ||
      boot.substr(0, name.size()) != name.substr(0, name.find('\0')))
    return Error{"no list of held jobs", EINVAL};
  return list;
}

StopList::StopList(StopList&& other) noexcept
    : file_(std::move(other.file_)),
      page_(std::exchange(other.page_, nullptr)) {}

StopList::~StopList() {
  if (page_) ::munmap(page_, sizeof(Page));
}

bool StopList::add(const ProcessId& process) {
  for (auto& slot : page_->slots) {
    if (slot.pid != 0) continue;
    slot.start = process.start;
    slot.pid = process.pid;
    return true;
  }
  return false;
}

void StopList::remove(const ProcessId& process) {
  for (auto& slot : page_->slots)
    if (slot.pid == process.pid && slot.start == process.start) slot.pid = 0;
}

bool StopList::set_group(const std::string& folder) {
  if (folder.size() > kLongestGroup) return false;
  folder.copy(page_->group.data(), kLongestGroup);
  return true;
}

std::string StopList::group() const {
  const std::string_view text(page_->group.data(), kLongestGroup);
  return std::string(text.substr(0, text.find('\0')));
}

std::vector<ProcessId> StopList::all() const {
  std::vector<ProcessId> listed;
  for (const auto& slot : page_->slots) {
    const std::int64_t pid = slot.pid;
    if (pid > 0) listed.push_back({static_cast<pid_t>(pid), slot.start});
  }
  return listed;
}

}  // namespace fitrun
