// The machine as a directory tree: everything fitrun reads from /proc and /sys.
//
// There is no interface to mock. Tests hand in a directory with the files of a
// real machine (tests/fixtures/hosts/), and so can you: `fitrun probe --root
// DIR`. Reading is bounded and never blocks: what is not a regular file (a FIFO
// in a prepared directory) is an error, and so is a file beyond `kLargestFile`.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fitrun {

// What was asked of a machine and what it answered, in the order of asking.
struct HostRecord {
  struct File {
    std::string path;
    std::string text;
    int code = 0;  // errno where it could not be read
  };
  std::vector<File> files;
  std::vector<std::string> directories;  // those asked for that exist
};

// The pid namespace in which every process of the machine is seen has this
// inode number (PROC_PID_INIT_INO, Linux 3.8).
inline constexpr std::uint64_t kInitialPidNamespace = 0xEFFFFFFCU;

class Host {
 public:
  static constexpr std::size_t kLargestFile = 64U << 20;

  // `root` without a trailing slash; "" or "/" is the machine fitrun runs on.
  explicit Host(std::string root = "");

  // Whether this is the running machine, so that system calls speak about it
  // too.
  bool live() const { return root_.empty(); }

  // The whole of the file at `path`, which is absolute on the described
  // machine. The error names the path; its `code` tells missing (ENOENT) from
  // forbidden (EACCES).
  Result<std::string> read(std::string_view path) const;

  // Names in the directory at `path`, sorted; empty where there is none.
  std::vector<std::string> list(std::string_view path) const;

  // The names of those that are directories, sorted. Links are left out. Not
  // recorded: names of folders that nothing was read in are nobody's business.
  std::vector<std::string> subdirectories(std::string_view path) const;

  bool is_directory(std::string_view path) const;

  // Whether its /proc counts pids as drivers do: in kInitialPidNamespace.
  bool sees_all_pids() const;

  // From now on every answer is noted in `record` too, which must outlive this.
  void record_in(HostRecord& record) { record_ = &record; }

  // Where `path` is for other programs and system calls.
  std::string full(std::string_view path) const;

 private:
  std::string root_;
  HostRecord* record_ = nullptr;
};

}  // namespace fitrun
