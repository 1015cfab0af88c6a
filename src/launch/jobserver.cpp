#include "launch/jobserver.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "hold/token_fifo.h"
#include "os/command.h"
#include "os/program.h"

namespace fitrun {
namespace {

constexpr std::chrono::seconds kPatience{5};
// Before it "fifo:" is an internal error, at which make ends:
// https://git.savannah.gnu.org/cgit/make.git/tree/NEWS (version 4.4)
constexpr const char* kMakeWithFifo = "4.4";

// Why a program does not take part in a FIFO, which it does from `least` on;
// "": it does.
std::string no_part(const std::string& program, const std::string& least) {
  const auto answer = run_command({{program, "--version"}, "", kPatience});
  if (!answer) return answer.error().message;
  const std::vector<std::uint64_t> version = version_in(answer->text);
  if (!version.empty() && version >= version_in(least)) return "";
  std::string_view text = answer->text;
  return fmt::format("{} --version says {}, and a FIFO needs {}", program,
                     in_quotes(take_line(text)), least);
}

std::string no_fifo(const Target& target, const Caller& caller) {
  std::string why =
      no_part(target.command.front(), target.tool->fifo_jobserver);
  // What the program may start.
  for (const char* const make : {"make", "gmake"})
    if (why.empty() && find_program(make, caller.environment))
      why = no_part(make, kMakeWithFifo);
  return why;
}

}  // namespace

void settle_jobserver(Plan& plan, const Target& target, const Caller& caller) {
  if (plan.hold.jobserver != Jobserver::fifo) return;
  const std::string why = no_fifo(target, caller);
  if (why.empty()) return;
  plan.hold.jobserver = Jobserver::none;
  tell_no_jobserver(plan, why, caller);
}

std::optional<TokenEnds> jobserver_ends(const Plan& plan,
                                        const std::optional<TokenPipe>& pipe,
                                        const Caller& caller) {
  const bool is_fifo = plan.hold.jobserver == Jobserver::fifo;
  if (!is_fifo && !pipe) return std::nullopt;
  auto ends = is_fifo ? make_token_fifo(plan.hold.width) : TokenEnds::of(*pipe);
  if (ends) return std::move(*ends);
  tell_no_jobserver(plan, ends.error().message, caller);
  return std::nullopt;
}

void tell_no_jobserver(const Plan& plan, const std::string& why,
                       const Caller& caller) {
  caller.say(LogLevel::info, log_tag(plan.label) + "no jobserver: " + why);
}

}  // namespace fitrun
