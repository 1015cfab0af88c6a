// Whole files: read with a bound, replaced atomically.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fitrun {

// What strerror says of `code`, thread-safe and without the locale.
std::string error_text(int code);

// "PATH: No such file or directory", with `code` kept.
Error path_error(std::string_view path, int code);

// The whole of a regular file of at most `most` bytes. Does not block on a
// FIFO or a device, which are errors, as are directories and larger files.
Result<std::string> read_file(const std::string& path, std::size_t most);

// The same of a file of /proc or /sys on this machine, without asking first
// what it is: a launch reads some twenty of them.
Result<std::string> read_kernel_file(const std::string& path, std::size_t most);

// Writes `text` to a new file beside `path` and renames it over `path`, so that
// a reader sees the old text or the new one and a crash loses neither. A
// symbolic link is followed: the file it names is replaced. Mode and, where
// permitted, owner stay those of the old file.
Result<bool> replace_file(const std::string& path, std::string_view text);

}  // namespace fitrun
