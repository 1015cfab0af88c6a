// A folder for one test, removed with the object.

#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

class Scratch {
 public:
  Scratch() {
    std::string path = "/tmp/fitrun-test-XXXXXX";
    if (::mkdtemp(path.data())) path_ = path;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(const std::string& leaf) const {
    return path_ + "/" + leaf;
  }

 private:
  std::string path_;
};
