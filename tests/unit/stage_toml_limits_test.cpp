#include "catch.h"
#include "stage/edit.h"
#include "stage/parse.h"
#include "stage/toml_limits.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string times(std::size_t count, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

// The one mistake of a text, as "line:column message".
std::string mistake(const std::string& text) {
  const auto parsed = parse_stage(text, "s.toml", Environment());
  const auto* const found = std::get_if<std::vector<Diagnostic>>(&parsed);
  if (!found) return "none";
  REQUIRE(found->size() == 1);
  // Neither does an edit hand such a text to toml++.
  CHECK_FALSE(edit_descriptor(text, {}, "2026-01-31"));
  return std::to_string((*found)[0].line) + ":" +
         std::to_string((*found)[0].column) + " " + (*found)[0].message;
}

}  // namespace

TEST_CASE("absurd nesting is one mistake at its place", "[limits]") {
  const std::string key = "a key of more than 32 parts";
  CHECK(mistake("[" + times(150'000, "a.") + "a]\n") == "1:65 " + key);
  CHECK(mistake(times(150'000, "a.") + "a = 1\n") == "1:64 " + key);
  CHECK(mistake("# \u00e9\nb = {" + times(40, "\"\u00e9\".") + "a = 1}") ==
        "2:133 " + key);
  const std::string deep = "nested more than 32 deep";
  CHECK(mistake("a = " + times(500'000, "[")) == "1:37 " + deep);
  CHECK(mistake("a = " + times(200'000, "{a=")) == "1:101 " + deep);
  CHECK(mistake("a = [\n" + times(200, "[\n")) == "33:1 " + deep);
  const std::string many = "more than 20000 keys and tables";
  CHECK(mistake(times(60'000, "a=1\n")) == "20001:2 " + many);
  CHECK(mistake(times(60'000, " [a]\n")) == "20001:2 " + many);
  CHECK(mistake("a={" + times(60'000, "b=1,")) == "1:80001 " + many);
}

TEST_CASE("what is within the limits is left to the parser", "[limits]") {
  const std::string dots = times(100, "../");
  for (const std::string& text : {
           "[" + times(kMostKeyParts - 1, "a.") + "a]",
           "a = " + times(kDeepestNesting, "[") + times(kDeepestNesting, "]"),
           // Strings and comments hold what they like.
           "a = \"" + dots + "\\\"[[[[" + times(100, "[") + "\"",
           "a = '" + dots + times(100, "{=") + "\\'",
           "a = '''" + dots + "\n''" + times(100, "[") + "'''''",
           "a = \"\"\"" + dots + "\n\"\"\\\"\"\"" + times(100, "[=") +
               "\"\"\"\"",
           "a = '' # '" + dots + times(100, "["),
           "a = [ # \"\n" + times(40'000, "1.5,\n") + "]",
           times(100, "[[a]] # [\n[a.b] \nc.d = [ [1], [2] ]\n"),
       }) {
    CAPTURE(text.substr(0, 60));
    CHECK_FALSE(find_absurdity(text));
  }
}
