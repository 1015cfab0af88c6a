// Signals that our own writing raises, and that must decide nothing: SIGPIPE
// where the reader of standard error is gone, SIGXFSZ where `ulimit -f` is
// reached, SIGTTOU where a terminal stops what writes from the background.
//
// They are blocked, not ignored: ignoring one discards what the caller has left
// waiting, and would have to be undone for each child. A write then fails (a
// terminal takes it). Who becomes another program releases them first: what our
// writing raised is taken away, what was there before or came from others
// stays, and the mask is the caller's again.

#pragma once

#include <signal.h>

namespace fitrun {

// At the start of the program.
void hold_write_signals();

// Right before exec, in this process or in a child. Whether they were held.
bool release_write_signals();

// Takes away what our own writing has raised so far.
void drop_own_write_signals();

// `mask` as it would be were they not held.
sigset_t callers_mask(sigset_t mask);

// As writing to a pipe that nobody reads ends other programs: for standard
// output of those commands that have no other purpose. Returns where the caller
// ignores or blocks SIGPIPE.
void end_of_broken_pipe();

}  // namespace fitrun
