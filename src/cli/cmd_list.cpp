#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "launch/names.h"

namespace fitrun {

ExitStatus list_command(const Environment& environment) {
  const Project project = find_project();
  if (!project.ignored.empty())
    log_line(LogLevel::warning, "fitrun: ignored: " + project.ignored);
  const std::vector<KnownName> names = known_names(project, environment);
  std::size_t width = 0;
  for (const KnownName& known : names)
    width = std::max(width, printable(known.name).size());
  std::string text;
  for (const KnownName& known : names) {
    text += fmt::format("{:<{}}  {}  {}\n", printable(known.name), width,
                        known.tool ? "tool " : "stage", printable(known.file));
  }
  print_screen(text);
  return ExitStatus::ok;
}

}  // namespace fitrun
