// The exit statuses of fitrun itself, those of env, nice and timeout.
//
// After a successful exec the status is the command's own; the numbers here are
// only seen when fitrun could not become the command.

#pragma once

namespace fitrun {

enum class ExitStatus : int {
  ok = 0,
  // EX_TEMPFAIL of sysexits.h: nothing is wrong, try again later. Given by
  // on_no_fit = "fail" and by a wait that ran out.
  no_fit = 75,
  failed = 125,          // fitrun: bad input, or memory that cannot be measured
  not_executable = 126,  // the command was found and could not be started
  not_found = 127,       // the command was not found
};

}  // namespace fitrun
