// Programs that start the command behind them in another way and do nothing
// else: `nice make -j8`, `env CC=clang make`, `timeout 1h make`. What a command
// line asks for is said by that command. Pure.
//
// One of them that gets an option which is not known here, or that takes the
// environment away (env -i), is a command like any other.

#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace fitrun {

// The index of the word that is no such program's; 0 where there is none before
// it, or no command behind it.
std::size_t behind_wrappers(const std::vector<std::string>& command);

// The variables that `env` sets for that command.
std::map<std::string, std::string> variables_of_wrappers(
    const std::vector<std::string>& command);

}  // namespace fitrun
