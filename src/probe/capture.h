// A machine as a folder that can be sent to somebody: just the files that the
// probe read, with everything that it does not look at taken out.
//
// `fitrun probe --root FOLDER` gives the same answer there. What was read is
// what is written, so nothing changes in between. Taken out are the mounts that
// show no cgroups, other processes' ids, addresses, and the environment but for
// the variables of Slurm and OpenMP that decide; names of cgroups stay.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sourced.h"
#include "os/environment.h"
#include "os/host.h"
#include "probe/constraint.h"

namespace fitrun {

struct Capture {
  struct File {
    std::string path;  // absolute on the machine
    std::string text;
    std::string about;  // what it is, and what was taken out
  };
  std::vector<File> files;
  std::vector<std::string> directories;  // that exist, absolute
  // Files that are there and could not be read, and why.
  std::vector<std::pair<std::string, std::string>> unreadable;
  // Variables that are set and count.
  std::vector<std::pair<std::string, std::string>> variables;
  // What the files gave.
  PoolReading ram;
  Sourced<std::uint64_t> cpus;
};

// What a reader of /proc/self/mountinfo, /proc/self/status and so on needs of
// them; the whole text for files that hold nothing else. `pid` is ours.
std::string redacted(const std::string& path, const std::string& text,
                     std::uint64_t pid);

// README.md of the folder.
std::string capture_readme(const Capture& capture);

// Writes files, folders and README.md into the folder at `path`, which must be
// empty or not there. Returns the number of files.
Result<std::size_t> write_capture(const Capture& capture,
                                  const std::string& path);

namespace probe {

// Asks the machine everything that a launch can ask.
Capture capture(const Host& host, const Environment& environment);

}  // namespace probe
}  // namespace fitrun
