// A value, or the reason there is none.
//
// The part of std::expected that fitrun uses, for compilers at C++20; the names
// are the same, so that the move to C++23 is one using-declaration.

#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "base/exit_status.h"

namespace fitrun {

// What went wrong, in words for the person at the terminal. The message names
// the file, flag or key; `code` is the errno behind it, or 0.
struct Error {
  std::string message;
  int code = 0;
};

// An Error that ends the run. Thrown anywhere, caught once, at the top level.
// A message is one line, whatever is in it, unless it ends in a line end: then
// its lines are printed without a prefix (descriptor diagnostics).
class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& message,
                   ExitStatus exit_status = ExitStatus::failed)
      : std::runtime_error(message), status(exit_status) {}
  explicit Failure(const Error& error) : Failure(error.message) {}

  ExitStatus status;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  const T& operator*() const { return std::get<0>(state_); }
  T& operator*() { return std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const { return std::get<1>(state_); }

  // The value; throws Failure where there is none.
  T value() && {
    if (!has_value()) throw Failure(error());
    return std::get<0>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

// Of what only succeeds or fails: Result<void>() is success.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const { return *error_; }

  // Throws Failure where it failed.
  void value() && {
    if (error_) throw Failure(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace fitrun
