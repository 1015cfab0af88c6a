// Processes as /proc shows them: which there are, who started whom, and which
// one a number still means. The one reader of /proc/PID for all of fitrun.
//
// Parsers take text; readers take a Host, so that a described machine has
// processes as well. What a process holds is in process_memory.h, how to wait
// for its end and to send it a signal in process_handle.h.
//
// What surprises: a pid is given to another process once its owner is gone, so
// that only with its start time does it name one (ProcessId). And a process
// whose parent has ended is a child of somebody else: whoever wants a tree for
// longer than one look remembers its members.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/host.h"

namespace fitrun {

// A process for good, until the machine is booted again. Start times are those
// of the time namespace of whoever reads them (time_namespaces(7)).
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start = 0;  // clock ticks after boot
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

// The state of one that a signal has stopped.
inline constexpr char kStopped = 'T';

// From /proc/PID/stat (proc_pid_stat(5)).
struct ProcessStat {
  pid_t pid = 0;
  char state = '?';
  pid_t parent = 0;
  std::uint64_t threads = 0;
  std::uint64_t start = 0;        // clock ticks after boot
  std::uint64_t resident = 0;     // pages
  std::uint64_t stack_start = 0;  // 0 where we may not know
  // Bytes, from read_anonymous(); empty where nobody has asked yet.
  std::optional<std::uint64_t> anonymous{};
  pid_t session = 0;
  std::uint64_t processor_ticks = 0;  // used so far, in user and kernel mode

  ProcessId id() const { return {pid, start}; }
};

// A positive number that a pid_t holds.
std::optional<pid_t> parse_pid(std::string_view text);

// "/proc/PID/FILE".
std::string proc_path(pid_t pid, std::string_view file);

// Empty where the text is not such a line. A command's name may hold blanks and
// brackets.
std::optional<ProcessStat> parse_process_stat(std::string_view text);

// /proc/PID/stat; empty where there is no such process.
std::optional<ProcessStat> read_process_stat(const Host& host, pid_t pid);

// The signals that wait for a process, for it alone or for all of its threads,
// from the lines SigPnd and ShdPnd of /proc/PID/status: bit N - 1 for signal N.
// One that is stopped gets them when it is continued.
std::uint64_t parse_pending_signals(std::string_view status);

// Whether the process has ended and only waits for its parent to notice. The
// first thread of a process that goes on without it looks the same but for the
// number of threads.
bool has_ended(const ProcessStat& stat);

// Which program the process is in: the address where its environment ends,
// which every execve(2) draws anew. 0 in the middle of one, when the old
// program's memory is gone and the new one's stack is not set up; command line
// and environment read as empty then, for microseconds unless the machine is
// busy. Empty for what has no program (kernel threads, zombies), for processes
// that are gone or hidden, and before Linux 3.5.
std::optional<std::uint64_t> read_program(const Host& host, pid_t pid);

// The pids in /proc, in ascending order; none where there are more than `most`.
std::vector<pid_t> list_processes(const Host& host,
                                  std::size_t most = SIZE_MAX);

// The processes that all its threads have forked and not yet waited for, from
// /proc/PID/task/TID/children (Linux 3.5, CONFIG_PROC_CHILDREN); none where the
// kernel does not list them.
std::vector<pid_t> read_children(const Host& host, const ProcessStat& parent);

// Many processes, to find many trees among them.
class ProcessTable {
 public:
  explicit ProcessTable(std::vector<ProcessStat> processes);

  // Null where there is none.
  const ProcessStat* find(pid_t pid) const;
  std::span<const ProcessStat> children(pid_t parent) const;

 private:
  std::vector<ProcessStat> by_pid_;
  std::vector<ProcessStat> by_parent_;
};

// The living processes of the trees that grow from `roots`, as one: the roots
// first, then each level below, each process once and at most `most`. Children
// are found in `table`, or where that is null by read_children(): then without
// CONFIG_PROC_CHILDREN the roots are all.
std::vector<ProcessStat> read_tree(const Host& host,
                                   const std::vector<ProcessStat>& roots,
                                   std::size_t most = SIZE_MAX,
                                   const ProcessTable* table = nullptr);

}  // namespace fitrun
