// Watching a command that fitrun has become: a process beside it that samples
// its memory and writes down the peak when it has ended.
//
// The observer is no child of the command and no parent, so that the command's
// caller sees what it would have seen without it: it is forked twice, has a
// session of its own (^C is not for it), and of the caller's descriptors it
// holds standard error alone, for the one line that a run above its declaration
// is worth; who reads that pipe sees its end some milliseconds after the
// command's. In return it cannot know the exit status, and in a container whose
// first process is the command it ends with it, before it could write.

#pragma once

#include <string>

#include "base/result.h"
#include "measure/runs.h"
#include "os/fd.h"

namespace fitrun {

// Starts the observer of this process, to be called right before becoming the
// command. `tag` stands before what it says. `record` has what is known before
// the run; peak, seconds and time are filled in. The error is that there will
// be no record: the command can run all the same.
//
// The descriptor is close-on-exec. As long as it is open the command has not
// started: where it cannot be, call_off() tells the observer that there was no
// run.
Result<Fd> start_observer(const std::string& runs_path, const RunRecord& record,
                          const std::string& tag);

// Nothing for no observer.
void call_off(const Fd& observer);

}  // namespace fitrun
