// Whole files, read with a bound. Those of the user are written in
// user_file.h.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"

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

// The rest of an open file; `path` is for the error.
Result<std::string> read_open(const Fd& file, const std::string& path,
                              std::size_t most);

// All of `text`, `at` bytes from the start of a regular file. 0 or errno.
int write_at(int file, std::string_view text, std::size_t at);

}  // namespace fitrun
