// The program behind main().

#pragma once

namespace fitrun {

// Does what the command line says and returns the exit status. Throws Failure.
int run_program(int argc, char** argv);

}  // namespace fitrun
