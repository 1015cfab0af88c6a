// Which processes are stopped, written down where it outlives whoever has
// stopped them: a stopped process whose keeper was killed would wait for ever.
//
// A file that is mapped: what is written before the stop is there whatever
// happens next. Everybody who looks after it holds a shared flock(2) on it;
// where nobody does, whoever finds the file may continue what it lists.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/fd.h"
#include "os/process.h"

namespace fitrun {

inline constexpr std::size_t kMostStopped = 8192;
inline constexpr std::size_t kLongestGroup = 4095;  // bytes of a path

class StopList {
 public:
  // Writes an empty list into `file`, which is open for reading and writing and
  // ours alone, and locks it. `boot` is the boot's id: pids are of no other.
  static Result<StopList> make(Fd file, const std::string& boot);

  // Of a list that somebody has left behind. The error is that it is none, or
  // that somebody looks after it.
  static Result<StopList> take_over(Fd file, const std::string& boot);

  // Of one that somebody looks after, to be read only.
  static Result<StopList> look_into(Fd file, const std::string& boot);

  StopList(StopList&& other) noexcept;
  StopList& operator=(StopList&&) = delete;
  ~StopList();

  // False where it is full: then nothing more is to be stopped.
  bool add(const ProcessId& process);
  void remove(const ProcessId& process);
  std::vector<ProcessId> all() const;

  // The folder of the group that those who are frozen are in, "" where there is
  // none (frozen_group.h). To be set before the first moves in, once; false
  // where it is too long.
  bool set_group(const std::string& folder);
  std::string group() const;

  // The descriptor that holds the lock: to be kept by a guard.
  int fd() const { return file_.get(); }

 private:
  struct Page;
  StopList(Fd file, Page* page) : file_(std::move(file)), page_(page) {}
  static Result<Page*> map(const Fd& file);
  static Result<StopList> open(Fd file, const std::string& boot);

  Fd file_;
  Page* page_;
};

}  // namespace fitrun
