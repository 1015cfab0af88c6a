// Writing into a file that belongs to the user: all of it goes through here.
//
// The file is opened before anything long begins, so that what stands in the
// way is said then and not at the end. Links are followed by the kernel when it
// opens, under its own rules for sticky folders, and a path is not walked a
// second time to write. Only what was read is replaced: a file that somebody
// changed meanwhile is left to them.
//
// A new file takes the old one's place in one step, so that a crash leaves the
// old text or the new one, and it has no name until it is whole. Where that
// would lose something (other hard links, an owner, a group, an attribute, an
// access list) or cannot be done (a mount point, a folder that is not
// writable), the text is written in place: what is longer than the old text
// first, so that a full disk is met while the old text is still there.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"

namespace fitrun {

class UserFile {
 public:
  // Opens the file at `path` to read and write, or its folder where there is no
  // such file: it is made by write(), not before. An error, which names `path`,
  // where write() could not work: no permission, no folder, a link to nothing,
  // more than 16 MiB, or anything but a regular file.
  static Result<UserFile> open(const std::string& path);

  // What it held when it was opened; empty where it was not there.
  const std::string& text() const { return text_; }

  bool is_new() const { return !file_; }

  // Puts `text` into it, once. After an error it is as it was.
  Result<void> write(std::string_view text) &&;

 private:
  enum class Replaced { yes, impossible, changed };

  explicit UserFile(std::string path) : path_(std::move(path)) {}

  Result<void> open_old();
  Result<void> open_new();
  bool is_unchanged() const;
  Error changed() const;
  Result<void> create(std::string_view text) const;
  Replaced replace(std::string_view text) const;
  Result<void> overwrite(std::string_view text) const;

  std::string path_;
  std::string text_;
  Fd file_;           // none where it is to be made
  Fd folder_;         // of the file to be made
  std::string name_;  // in it
};

}  // namespace fitrun
