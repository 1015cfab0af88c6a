#include "hold/command_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "os/fd.h"

namespace fitrun {
namespace {

// A command line may have megabytes, and the first words name a job.
std::vector<std::string> read_argv(const Host& host, pid_t pid) {
  const std::string path = host.full(proc_path(pid, "cmdline"));
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char text[4096];
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text) : -1;
  std::vector<std::string> argv;
  if (n <= 0) return argv;
  std::string_view all(text, static_cast<std::size_t>(n));
  if (all.back() == '\0') all.remove_suffix(1);
  for (const std::string_view word : split(all, '\0')) argv.emplace_back(word);
  return argv;
}

}  // namespace

const std::vector<std::string>& CommandLines::of(const ProcessStat& process) {
  Known& known = known_[process.pid];
  if (known.id != process.id()) known = {process.id(), 0, {}, 0, false};
  // Held before its exec it has lived for long when that comes.
  if (known.stack_start != process.stack_start) known.looks = 0;
  known.stack_start = process.stack_start;
  known.asked = true;
  const std::uint64_t look = ++known.looks;
  // What reads as empty is on its way to another program or to its end.
  if (look <= 3 || std::has_single_bit(look))
    if (auto argv = read_argv(host_, process.pid); !argv.empty())
      known.argv = std::move(argv);
  return known.argv;
}

void CommandLines::end_look() {
  std::erase_if(known_, [](const auto& entry) { return !entry.second.asked; });
  for (auto& [pid, known] : known_) known.asked = false;
}

}  // namespace fitrun
