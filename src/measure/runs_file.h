// Where the records of runs are kept: runs.jsonl in the first of
//
//   $FITRUN_STATE     $XDG_STATE_HOME/fitrun     ~/.local/state/fitrun
//
// A line is appended with one write, so that runs that end together do not mix
// (on NFS they may); it first ends a line that a full disk cut short. A file
// that has reached 1 MiB becomes runs.old.jsonl in place of an older one, and
// no more than the last MiB of each is ever read, however large it is.
//
// Only a regular file of the user's own is read or written: a FIFO, a folder, a
// link or another user's file in its place is an error, and nothing waits.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "measure/runs.h"
#include "os/environment.h"

namespace fitrun {

inline constexpr std::size_t kLargestRunsFile = 1U << 20;  // bytes

struct StatePlace {
  std::string folder;  // absolute; empty where no variable says
  // By FITRUN_STATE: then it may be another user's, as folders of CI are.
  // Otherwise nothing is made in another user's folder: root with the HOME of
  // somebody would leave there what they cannot remove.
  bool named = false;
  // HOME, where the folder is below it: never made, because whoever has none
  // (/nonexistent, of system users) is to have none.
  std::string home{};

  std::string runs() const { return folder + "/runs.jsonl"; }
};

// FITRUN_STATE may be relative to the working directory. XDG_STATE_HOME and
// HOME count only where they are absolute, as the XDG specification has it.
StatePlace state_place(const Environment& environment);

// What no record can be kept for: "neither FITRUN_STATE, ... says where".
inline constexpr const char* kNoStatePlace =
    "neither FITRUN_STATE nor XDG_STATE_HOME nor HOME says where runs are "
    "recorded";

// Makes the folders that are missing, for the user alone. The error names one.
Result<void> make_state_folder(const StatePlace& place);

// Whether a run could be appended now. Makes nothing; the error names the file
// or folder.
Result<void> check_appending(const StatePlace& place);

// Makes the folder where it is missing. The error names the file or folder.
Result<void> append_run(const StatePlace& place, const RunRecord& record);

struct RunHistory {
  std::vector<RunRecord> runs;     // oldest first
  std::vector<std::string> notes;  // sentences: what was left out
};

// The last `most` of these runs. No file is no runs, and so is no place. The
// error is that there is a file and it is not to be read.
Result<RunHistory> read_history(const StatePlace& place, const RunsOf& of = {},
                                std::size_t most = SIZE_MAX);

// Whether a run was ever recorded in which the kernel killed for lack of
// memory: for a launch that has no other use for the history.
bool has_kills(const StatePlace& place);

// Blanks the lines of these runs, where they stand: others may write meanwhile.
// Returns how many lines.
Result<std::size_t> forget_runs(const StatePlace& place, const RunsOf& of);

}  // namespace fitrun
