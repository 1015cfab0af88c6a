// A folder that is filled once, with files that were not there before.
//
// A path is walked once: what is made lies below the descriptor of a folder
// that was looked into, so that a link put in the way meanwhile leads nowhere.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"

namespace fitrun {

// Makes every folder of `path` that is missing, as the umask allows.
Result<void> make_folders(const std::string& path);

class NewFolder {
 public:
  // Makes the folder and those above it that are missing. One that is there
  // must be empty.
  static Result<NewFolder> make(const std::string& path);

  // `path` is below this folder, with or without a slash at its start; folders
  // above it are made. A link in the way is an error, and so is "..".
  Result<void> add_folder(std::string_view path) const;

  // A file that is there is an error.
  Result<void> add_file(std::string_view path, std::string_view text) const;

 private:
  NewFolder(std::string path, Fd folder)
      : path_(std::move(path)), folder_(std::move(folder)) {}

  Result<Fd> enter(std::string_view path) const;

  std::string path_;  // for messages
  Fd folder_;
};

}  // namespace fitrun
