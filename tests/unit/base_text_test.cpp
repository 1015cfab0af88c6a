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

TEST_CASE("text from outside is shown and not obeyed", "[base]") {
  for (const char* same :
       {"", "a b", "C:\\x1b\\n", "\"'<>", "h\xc3\xa9", "\xc2\xa0",
        "\xe2\x80\xa7", "\xe2\x80\xaf", "\xe2\x81\xa5", "\xe2\x81\xaa",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    CHECK(printable(same) == same);
  CHECK(printable("\t\n\r\x1b\x1f\x7f") == "\\x09\\x0a\\x0d\\x1b\\x1f\\u007f");
  CHECK(printable(std::string(1, '\0')) == "\\x00");
  CHECK(printable("\xc2\x80\xc2\x9b\xc2\x9f") == "\\u0080\\u009b\\u009f");
  CHECK(printable("\xe2\x80\xa8\xe2\x80\xaa\xe2\x80\xae") ==
        "\\u2028\\u202a\\u202e");
  CHECK(printable("\xe2\x81\xa6\xe2\x81\xa9") == "\\u2066\\u2069");
  // No UTF-8: a lone byte, one cut off, overlong forms, a surrogate, too large.
  CHECK(printable("\x9b[") == "\\x9b[");
  CHECK(printable("\xc3(\xe2\x80") == "\\xc3(\\xe2\\x80");
  CHECK(printable("\xc0\x9b") == "\\xc0\\x9b");
  CHECK(printable("\xe0\x82\x9b") == "\\xe0\\x82\\x9b");
  CHECK(printable("\xf0\x80\x82\x9b") == "\\xf0\\x80\\x82\\x9b");
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
  // Whole characters only.
  CHECK(printable("ab\xc3\xa9", 3) == "ab");
  CHECK(printable("ab\xc3\xa9", 4) == "ab\xc3\xa9");
  CHECK(printable("a\x1b", 4) == "a");
  CHECK(printable_lines("a\x1b\n\nb\xc2\x9b\n") == "a\\x1b\n\nb\\u009b\n");
}

TEST_CASE("what is stored is UTF-8, and different where names are", "[base]") {
  CHECK(valid_utf8("caf\xc3\xa9 \x1b\n") == "caf\xc3\xa9 \x1b\n");
  CHECK(valid_utf8("caf\xe9") == "caf\\xe9");
  CHECK(valid_utf8("caf\xe8") == "caf\\xe8");
  CHECK(valid_utf8(valid_utf8("\xff\xed\xa0\x80")) == "\\xff\\xed\\xa0\\x80");
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
  CHECK(did_you_mean("version", {"meson"}).empty());  // 3 edits of 7
  CHECK(did_you_mean("", keys).empty());
  CHECK(did_you_mean("x", {"y"}).empty());
  CHECK(did_you_mean(std::string(1 << 20, 'x'), keys).empty());
}

TEST_CASE("digits alone are a number, however many", "[base]") {
  CHECK(all_digits("0"));
  CHECK(all_digits("99999999999999999999999"));
  CHECK_FALSE(all_digits(""));
  CHECK_FALSE(all_digits("-1"));
  CHECK_FALSE(all_digits("1 "));
}

TEST_CASE("a noun is in the singular behind one", "[base]") {
  CHECK(counted(0, "job") == "0 jobs");
  CHECK(counted(1, "job") == "1 job");
  CHECK(counted(2, "more source") == "2 more sources");
}

TEST_CASE("a version is found in what a program says of it", "[base]") {
  using Numbers = std::vector<std::uint64_t>;
  CHECK(version_in("1.13.2\n") == Numbers{1, 13, 2});
  CHECK(version_in("GNU Make 4.3\nBuilt for 1.2") == Numbers{4, 3});
  CHECK(version_in("1.13.0.git.kitware.jobserver-1") == Numbers{1, 13, 0});
  CHECK(version_in("x2.3 4 5.6rc7.8") == Numbers{5, 6});
  for (const char* const none : {"", "\n1.2", "1", "1.", ".1", "v1.2", "make",
                                 "1,2", "99999999999999999999.1"})
    CHECK(version_in(none).empty());
}
