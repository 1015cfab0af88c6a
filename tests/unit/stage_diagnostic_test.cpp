#include <algorithm>

#include "base/text.h"
#include "catch.h"
#include "stage/diagnostic.h"
#include "stage/parse.h"

using namespace fitrun;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

std::string times(std::size_t count, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string shown(const std::string& text) {
  const auto parsed = parse_stage(text, "s.toml", Environment());
  return render_diagnostics(std::get<1>(parsed), "s.toml", text);
}

}  // namespace

TEST_CASE("the first mistakes are shown and the others counted",
          "[diagnostic]") {
  const std::string many =
      shown("[ram]\nfixed = [" + times(50'000, "true,") + "]\nlabl = 1\n");
  CHECK_THAT(many, StartsWith("s.toml:2:10: error: fixed must be a size"));
  CHECK_THAT(many, EndsWith("\nand 49981 more mistakes\n"));
  // Each with its message, its source and its caret, and the count.
  const std::vector<std::string_view> rows = lines(many);
  CHECK(rows.size() == 3 * kMostMistakes + 1);
  for (const std::string_view row : rows) CHECK(row.size() <= 220);
  // By their places, whatever the order in which they were found.
  CHECK_THAT(shown("b = 1\na = 1\n[ram]\nfixed = 1"),
             StartsWith("s.toml:1:1: "));
  CHECK_THAT(
      render_diagnostics({{1, 9, "z"}, {1, 2, "y"}, {0, 0, "x"}}, "s", ""),
      StartsWith("s: error: x\ns:1:2: error: y\ns:1:9: "));
  const std::vector<Diagnostic> all(kMostMistakes, {1, 1, "no"});
  CHECK(lines(render_diagnostics(all, "s", "")).size() == kMostMistakes);
  CHECK(lines(render_messages(std::vector<std::string>(80'000, "no"))).size() ==
        kMostMistakes + 1);
}

TEST_CASE("a source line is cut around the caret", "[diagnostic]") {
  // Letters of one to three bytes, and what is shown as longer escapes.
  for (const std::string letter : {"x", "\u00e9", "\u203a", "\u202e", "\x01"}) {
    const std::string line = times(150'000, letter) + "!" + times(900, letter);
    const std::string out = render_diagnostics({{1, 150'001, "no"}}, "s", line);
    CAPTURE(out);
    const std::vector<std::string_view> rows = lines(out);
    REQUIRE(rows.size() == 3);
    const auto columns = [](std::string_view text) {
      return std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      });
    };
    constexpr std::size_t kMargin = 8;
    CHECK(columns(rows[1]) <= 200 + static_cast<long>(kMargin));
    CHECK(columns(rows[1]) > 60);
    CHECK(rows[2].back() == '^');
    // Below the one character that is not like the others.
    CHECK(columns(rows[1].substr(0, rows[1].find('!'))) + 1 ==
          columns(rows[2]));
  }
  // Behind the end of a line, as of a value that is missing.
  CHECK(render_diagnostics({{1, 5, "no"}}, "s", "a =") ==
        "s:1:5: error: no\n    1 | a =\n      |    ^\n");
}

TEST_CASE("a long name does not make a long message", "[diagnostic]") {
  const std::string text =
      "[ram]\nfixed = 1\n[inject.env]\n" + std::string(500'000, 'x') + " = 1\n";
  CHECK(shown(text).size() < 1000);
}
