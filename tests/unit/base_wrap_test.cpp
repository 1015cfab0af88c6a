#include "base/wrap.h"
#include "catch.h"

using namespace fitrun;

TEST_CASE("columns are characters without colours", "[wrap]") {
  CHECK(columns_of("") == 0);
  CHECK(columns_of("größer ▒") == 8);
  CHECK(columns_of("\x1b[1mbold\x1b[0m") == 4);
  CHECK(columns_of("\x1b[1") == 0);
}

TEST_CASE("lines that fit stay as they are", "[wrap]") {
  const std::string text = "\n  a    b  \n        |███|\nlast";
  CHECK(wrapped(text, 13) == text);
  CHECK(wrapped("", 10).empty());
}

TEST_CASE("a cell goes on below where it began", "[wrap]") {
  CHECK(wrapped("  note  what another user has set aside is not seen here\n",
                40) ==
        "  note  what another user has set aside\n"
        "        is not seen here\n");
  // Colours are no columns.
  CHECK(
      wrapped("\x1b[1m  note  what another user has set aside\x1b[0m\n", 39) ==
      "\x1b[1m  note  what another user has set aside\x1b[0m\n");
}

TEST_CASE("a cell without room begins a line of its own", "[wrap]") {
  CHECK(wrapped("  RAM     24.2 GB  available     host.mem_available, /proc",
                40) ==
        "  RAM     24.2 GB  available\n"
        "        host.mem_available, /proc");
  // 30 columns of room, and a path of 36: it stays whole.
  CHECK(
      wrapped("cargo              tool   /usr/share/fitrun/configs/cargo.toml",
              56) ==
      "cargo              tool\n"
      "        /usr/share/fitrun/configs/cargo.toml");
  // 32 columns would not do, and 38 do.
  CHECK(
      wrapped("cargo              tool   /usr/share/fitrun/configs/cargo.toml",
              40) ==
      "cargo              tool\n"
      "  /usr/share/fitrun/configs/cargo.toml");
  CHECK(wrapped("one  two two two two two two two  three", 24) ==
        "one\n"
        "        two two two two\n"
        "        two two two\n"
        "        three");
}

TEST_CASE("a cell that stands alone keeps its place where it can", "[wrap]") {
  const std::string row =
      std::string(30, ' ') + "of the first and of the second";
  CHECK(wrapped(row, 54) == std::string(30, ' ') + "of the first and of the\n" +
                                std::string(30, ' ') + "second");
  CHECK(wrapped(row, 40) == "        of the first and of the second");
}

TEST_CASE("a sentence goes on behind its beginning", "[wrap]") {
  CHECK(wrapped("make: 16 workers (16 wanted), as many as wanted", 40) ==
        "make: 16 workers (16 wanted), as many as\n"
        "  wanted");
  CHECK(wrapped("# make: learned from 1 run, last 2026-11-26", 30) ==
        "# make: learned from 1 run,\n"
        "# last 2026-11-26");
}

TEST_CASE("what is wider than a line stays whole", "[wrap]") {
  const std::string url = "https://example.org/a/very/long/path/to/a/page";
  CHECK(wrapped(url, 40) == url);
  CHECK(wrapped("# see " + url, 40) == "# see\n# " + url);
}
