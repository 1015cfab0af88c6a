// A shared library that is loaded while the program runs. The home of dlopen.
//
// GPU drivers come as libraries that must not be linked, because most machines
// lack them. They are only to be loaded in a program of their own (`drivers`,
// started by os/probe_child.h): loading one runs its code, and drivers hang,
// crash and print; and it takes a dynamic C library, which fitrun itself starts
// faster without. Nothing is ever unloaded, for unloading crashes too, and that
// program ends anyway.

#pragma once

#include <string>

#include "base/result.h"

namespace fitrun {

class Library {
 public:
  // The library of this file name, found as the dynamic loader finds it. The
  // error is the loader's own text.
  static Result<Library> load(const std::string& name);

  // The function of this name, or null. F is the function's type, which nobody
  // checks.
  template <typename F>
  F* function(const char* name) const {
    return reinterpret_cast<F*>(address(name));
  }

  // The file behind it, symbolic links resolved: driver libraries carry their
  // version in that name. Empty where it cannot be told.
  std::string file() const;

 private:
  explicit Library(void* handle) : handle_(handle) {}
  void* address(const char* name) const;

  void* handle_;
};

}  // namespace fitrun
