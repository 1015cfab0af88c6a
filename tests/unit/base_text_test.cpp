#include "base/text.h"
#include "catch.h"

using namespace fitrun;

TEST_CASE("text is split without losing empty parts", "[base]") {
  CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
  CHECK(lines("a\n\nb\n") == std::vector<std::string_view>{"a", "", "b"});
  CHECK(lines("").empty());
  CHECK(words(" a\t b  ") == std::vector<std::string_view>{"a", "b"});
  CHECK(trim(" \ta b\r\n") == "a b");
}

TEST_CASE("lines are taken one by one", "[base]") {
  std::string_view text = "a\n\nb";
  CHECK(take_line(text) == "a");
  CHECK(take_line(text).empty());
  CHECK(text == "b");
  CHECK(take_line(text) == "b");
  CHECK(text.empty());
  CHECK(take_line(text).empty());
}

TEST_CASE("a count is digits and nothing else", "[base]") {
  CHECK(parse_count("18446744073709551615") == 18446744073709551615U);
  for (const char* text : {"", "18446744073709551616", "-1", "+1", " 1", "1 "})
    CHECK_FALSE(parse_count(text));
}

TEST_CASE("a quoted text cannot disturb a terminal", "[base]") {
  CHECK(in_quotes("a b") == "\"a b\"");
  CHECK(in_quotes("\x1b[2J\n\xff") == "\"\\x1b[2J\\x0a\\xff\"");
  CHECK(in_quotes("h\xc3\xa9") == "\"h\xc3\xa9\"");
  CHECK(in_quotes("\xc3") == "\"\\xc3\"");
  CHECK(in_quotes(std::string(500, 'x')).size() < 130);
}

TEST_CASE("a shell reads a quoted word back as it was", "[base]") {
  CHECK(shell_quoted("--jobs=4") == "--jobs=4");
  CHECK(shell_quoted("") == "''");
  CHECK(shell_quoted("a b") == "'a b'");
  CHECK(shell_quoted("it's") == "'it'\\''s'");
  CHECK(shell_quoted("~") == "'~'");
}

TEST_CASE("a near word is proposed, a far one is not", "[base]") {
  const std::vector<std::string_view> keys = {"headroom", "reserve", "fixed",
                                              "per_worker"};
  CHECK(did_you_mean("headrom", keys) == "headroom");
  CHECK(did_you_mean("per-worker", keys) == "per_worker");
  CHECK(did_you_mean("PER_WORKER", keys) == "per_worker");
  CHECK(did_you_mean("fxied", keys) == "fixed");
  CHECK(did_you_mean("colour", keys).empty());
  CHECK(did_you_mean("", keys).empty());
  CHECK(did_you_mean("x", {"y"}).empty());
  CHECK(did_you_mean(std::string(1 << 20, 'x'), keys).empty());
}
