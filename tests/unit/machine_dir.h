// A machine made of files, for one test: a directory below which files of /proc
// and /sys are written, removed with the object. And variables of this process
// that are as before afterwards, for the fake drivers that read them.

#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

class MachineDir {
 public:
  MachineDir() {
    std::string path =
        (std::filesystem::temp_directory_path() / "fitrun-XXXXXX").string();
    if (::mkdtemp(path.data())) root_ = path;
  }
  MachineDir(const MachineDir&) = delete;
  MachineDir& operator=(const MachineDir&) = delete;
  ~MachineDir() {
    std::error_code ignored;
    if (!root_.empty()) std::filesystem::remove_all(root_, ignored);
  }

  const std::string& root() const { return root_; }

  // Writes a file at an absolute path of the machine.
  MachineDir& file(const std::string& path, const std::string& text) {
    const std::filesystem::path full = root_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << text;
    return *this;
  }

 private:
  std::string root_;
};

class SetVariable {
 public:
  SetVariable(const std::string& name, const std::string& value) : name_(name) {
    if (const char* const old = std::getenv(name.c_str())) old_ = old;
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  SetVariable(const SetVariable&) = delete;
  SetVariable& operator=(const SetVariable&) = delete;
  ~SetVariable() {
    if (old_) {
      ::setenv(name_.c_str(), old_->c_str(), 1);
    } else {
      ::unsetenv(name_.c_str());
    }
  }

 private:
  std::string name_;
  std::optional<std::string> old_;
};
