// The keeper: a process beside the command that fitrun has become, which
// follows its tree of processes, ends with it, and writes down what it took.
//
// The command is exec'd in place and cannot tell (run/detached.h). In return
// the keeper learns how the command ended only where the kernel tells those who
// are not the parent (Linux 6.15), and it cannot say anything: what it saw is
// for the next launch and for `fitrun history`. Where it may be killed together
// with the command, as in a container whose process 1 the command is, a
// checkpoint that was written before stands.
//
// It costs 1/250 of one CPU in a long run, whatever the tree is: the larger
// that is, the fewer looks. In the first seconds a look matters more, and it
// may take a twentieth.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "measure/held_run.h"
#include "measure/runs_file.h"
#include "os/fd.h"

namespace fitrun {

// Starts the keeper of this process, to be called right before becoming the
// command. `record` has what is known before the run; the keeper fills in the
// rest. The error is that there will be no record: the command can run all the
// same.
//
// The descriptor is close-on-exec. As long as it is open the command has not
// started: where it cannot be, call_off() tells the keeper that there was no
// run.
//
// With `hold` it also holds the run's jobs; then the command must not start
// with the width of that where the keeper could not be started. A record that
// is not `recorded` is not written.
Result<Fd> start_keeper(const StatePlace& place, RunRecord record,
                        bool recorded, std::optional<HoldOrders> hold);

// Nothing for no keeper.
void call_off(const Fd& keeper);

// The processor time that looks may have taken after so long a run: for cheap
// looks and for close ones each. Pure, as is the rest.
std::chrono::microseconds keeper_allowance(std::chrono::microseconds elapsed);

// How long to wait after a look, when looks have taken `spent` in all.
std::chrono::microseconds keeper_pause(std::chrono::microseconds elapsed,
                                       std::chrono::microseconds spent);

// What the last checkpoint said.
struct Checkpoint {
  std::chrono::microseconds elapsed{0};
  std::uint64_t peak = 0;  // bytes
};

// Whether it is time for another: four times as late, or a quarter later with a
// tenth more memory. A run of a day has some ten to fifty. With a peak of 0,
// which is none, `last` only says when the first is due.
bool checkpoint_due(const Checkpoint& last, std::chrono::microseconds elapsed,
                    std::uint64_t peak);

}  // namespace fitrun
