#include <string>
#include <vector>

#include "catch.h"
#include "hold/command_lines.h"
#include "machine_dir.h"

using namespace fitrun;

namespace {

using Words = std::vector<std::string>;

// Of a process whose stack starts there.
const Words& look(CommandLines& lines, std::uint64_t stack_start) {
  ProcessStat stat;
  stat.pid = 7;
  stat.start = 100;
  stat.stack_start = stack_start;
  const Words& words = lines.of(stat);
  lines.end_look();
  return words;
}

}  // namespace

TEST_CASE("an exec is seen at the next look, however late it comes", "[jobs]") {
  MachineDir machine;
  machine.file("/proc/7/cmdline", std::string("sh\0-c\0make\0", 11));
  CommandLines lines{Host(machine.root())};
  for (int i = 0; i < 100; ++i)
    CHECK(look(lines, 0x7000) == Words{"sh", "-c", "make"});
  machine.file("/proc/7/cmdline", std::string("make\0", 5));
  CHECK(look(lines, 0x8000) == Words{"make"});
}

TEST_CASE("a command line is not read at each look", "[jobs]") {
  MachineDir machine;
  machine.file("/proc/7/cmdline", std::string("sh\0", 3));
  CommandLines lines{Host(machine.root())};
  for (int i = 0; i < 5; ++i) look(lines, 0);
  // Where the stack tells nothing: at the third look, the fourth, the eighth.
  machine.file("/proc/7/cmdline", std::string("make\0", 5));
  for (int i = 6; i < 8; ++i) CHECK(look(lines, 0) == Words{"sh"});
  CHECK(look(lines, 0) == Words{"make"});
}
