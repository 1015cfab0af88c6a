// Puts learned numbers into a descriptor that people have written: the numbers
// change, and every other byte stays.
//
// Above each line that changes, a comment says what stood there and since when
// it does not ("# fitrun measure, 2026-01-31: was "350MB""); the next
// measurement replaces that comment and leaves all others alone.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/pool.h"
#include "base/result.h"

namespace fitrun {

enum class EditedKey { fixed, per_worker, headroom };

// The key in a descriptor.
std::string_view name_of(EditedKey key);

struct NumberEdit {
  Pool pool = Pool::ram;
  EditedKey key = EditedKey::fixed;
  // Which term of the cost, in the order in which they are written: 0 for a
  // cost that is no array.
  std::size_t term = 0;
  // Bytes where the term is a size, the parse_factor where it is a file, the
  // share for headroom.
  double value = 0;
};

// The text with the numbers changed. A size keeps its manner of writing (bytes,
// decimal or binary units) with four digits, rounded up, so that what was
// learned fits. A key that the pool lacks is added to it, with a size in
// decimal units; a missing parse_factor too. The error says what cannot be
// done; the caller parses the result again, and compares.
Result<std::string> edit_descriptor(std::string_view text,
                                    const std::vector<NumberEdit>& edits,
                                    std::string_view date);

// `bytes` written like `old` (as in the descriptor, quotes and all), rounded up
// to four digits; `old` may be empty.
std::string size_like(double bytes, std::string_view old);

// `text` as a TOML string, quotes and all.
std::string toml_string(std::string_view text);

}  // namespace fitrun
