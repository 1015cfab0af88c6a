#include "probe/custom.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "os/command.h"

namespace fitrun::probe {

Result<Constraint> custom(const std::vector<std::string>& argv,
                          std::chrono::milliseconds timeout) {
  CommandSpec spec;
  spec.argv = argv;
  spec.timeout = timeout;
  const auto output = run_command(spec);
  if (!output) return output.error();
  if (output->exit_status != 0) {
    return Error{
        fmt::format("{}: exit status {}", argv.front(), output->exit_status)};
  }
  const auto size = parse_size(trim(output->text));
  if (!size) {
    return Error{fmt::format("{}: printed {} instead of one size", argv.front(),
                             in_quotes(output->text))};
  }
  Constraint c;
  c.name = "custom.probe";
  for (const std::string& word : argv)
    c.where += (c.where.empty() ? "" : " ") + shell_quoted(word);
  c.available = size->count;
  return c;
}

}  // namespace fitrun::probe
