// What a job is called: the same from one build to the next, so that what it
// took once is known when it comes again. Pure.
//
// A job is a process that a build tool or its like has started (jobs.h). Its
// own words name it, not those of the deepest process: compilers hand their
// parts names in /tmp that are new each time. In front of the program stand
// others that only start it (sh -c, env, nice, ccache): those are looked
// through.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fitrun {

// FNV-1a: short, and the same on every machine that shares a history.
std::uint64_t hash_of(std::string_view text);

// The words of the program that this command line is for: behind sh -c, env,
// nice, nohup, stdbuf, timeout, time, ccache, distcc, sccache and libtool. Of a
// shell's text the first command that is no mere preparation (cd, export, ...).
// `argv` itself where nothing is looked through.
std::vector<std::string> own_words(std::vector<std::string> argv);

// Its name: the own words without those that name something in /tmp, without
// the random part of -frandom-seed=, and with paths below `project` (absolute;
// "" for none) as if started there. A long one is cut and ends in a hash of all
// of it.
std::string job_key(const std::vector<std::string>& argv,
                    std::string_view project);

// What sort of job it is, for those that no record knows: the program, and what
// it does where that decides what it takes: "g++ -c", "g++ -shared", "g++
// link", "python3 gen.py", "cargo build".
std::string job_kind(const std::vector<std::string>& argv);

}  // namespace fitrun
