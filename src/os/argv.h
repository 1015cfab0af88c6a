// The arguments of a program as exec(3) takes them.

#pragma once

#include <string>
#include <vector>

namespace fitrun {

// Pointers into `argv`, which must outlive them, and a null at the end. The
// words are not written to: exec's type is older than const.
inline std::vector<char*> pointers_to(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  return words;
}

}  // namespace fitrun
