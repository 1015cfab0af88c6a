// Runs a command the way measure and retry do: as its parent. For the
// conformance harness, which treats it as one more wrapper.
//
//   supervised [--tick] [--adopt] COMMAND [ARG...]

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "run/supervise.h"

int main(int argc, char** argv) {
  using namespace fitrun;
  Supervision supervision;
  int first = 1;
  for (; first < argc; ++first) {
    const std::string_view word = argv[first];
    if (word == "--tick") {
      supervision.tick = [](const std::vector<pid_t>&) {
        return std::chrono::milliseconds(1);
      };
    } else if (word == "--adopt") {
      supervision.orphans = Orphans::adopt;
    } else {
      break;
    }
  }
  if (first == argc) return 125;
  ChildSpec spec;
  spec.argv.assign(argv + first, argv + argc);
  const auto run = supervise({spec}, supervision);
  if (!run) {
    std::fprintf(stderr, "supervised: %s\n", run.error().message.c_str());
    return 125;
  }
  const ChildEnd& end = run->ends.front();
  if (end.exec_error != 0) {
    std::fprintf(stderr, "supervised: cannot start %s\n", argv[first]);
    return end.exec_error == ENOENT ? 127 : 126;
  }
  end_as(end.wait_status);
}
