#include <cstdio>
#include <exception>
#include <string>

#include "base/result.h"
#include "base/text.h"
#include "cli/program.h"

namespace {

// A message of several lines names its own places.
void complain(const std::string& message) {
  const bool many = message.ends_with('\n');
  const std::string text = many
                               ? fitrun::printable_lines(message)
                               : "fitrun: " + fitrun::printable(message) + "\n";
  std::fputs(text.c_str(), stderr);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return fitrun::run_program(argc, argv);
  } catch (const fitrun::Failure& failure) {
    complain(failure.what());
    return static_cast<int>(failure.status);
  } catch (const std::exception& error) {
    complain(error.what());
    return static_cast<int>(fitrun::ExitStatus::failed);
  }
}
