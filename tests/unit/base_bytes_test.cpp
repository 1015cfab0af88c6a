#include <limits>

#include "base/bytes.h"
#include "catch.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a size is a number and a unit", "[base]") {
  const auto [text, bytes] = GENERATE(table<const char*, std::uint64_t>({
      {"0", 0},
      {"4096", 4096},
      {"4096B", 4096},
      {"4096 B", 4096},
      {"350MB", 350'000'000},
      {"350mb", 350'000'000},
      {"350MiB", 367'001'600},
      {"2G", 2'147'483'648},
      {"2g", 2'147'483'648},
      {"2GB", 2'000'000'000},
      {"2 GiB", 2'147'483'648},
      {"1.5GiB", 1'610'612'736},
      {"0.1KB", 100},
      {"1.0009KB", 1000},      // below one byte is dropped
      {"2Gi", 2'147'483'648},  // as Kubernetes writes it
      {"512Ki", 524'288},
      {"3T", 3'298'534'883'328},
      {"1PB", 1'000'000'000'000'000},
      {"7E", 8'070'450'532'247'928'832},
      {"9223372036854775807", 9'223'372'036'854'775'807},
      // 0.123456789012345678 * 2^60; digits beyond the 18th do not count
      {"0.123456789012345678901EiB", 142'335'986'942'043'632},
  }));
  INFO(text);
  const auto size = parse_size(text);
  REQUIRE(size.has_value());
  CHECK(size->count == bytes);
}

TEST_CASE("what is not wholly a size is an error", "[base]") {
  const std::string text = GENERATE(
      as<std::string>{},  //
      "", " ", "9Mxyz", "9Miserable", "0x10M", "nan", "inf", "99999999999T",
      "99999999999TB", "1e400GB", "1e9", "-5MB", "+5MB", " 5MB", "5MB ", "5 ",
      "MB", ".5GB", "5.GB", "1.5", "5M B", "5,5GB", "9223372036854775808", "8E",
      "5MBB", "5iB", "5bb", "5\tMB", std::string("5MB\0", 4));
  INFO(text);
  const auto size = parse_size(text);
  REQUIRE_FALSE(size.has_value());
  CHECK_THAT(size.error().message, ContainsSubstring("not a size: \""));
}

TEST_CASE("the message says what is wrong with a size", "[base]") {
  CHECK(parse_size("-5MB").error().message ==
        "not a size: \"-5MB\" (it must not be negative)");
  CHECK(parse_size("99999999999TB").error().message ==
        "not a size: \"99999999999TB\" (too large)");
  CHECK(parse_size("1.5").error().message ==
        "not a size: \"1.5\" (a fraction needs a unit)");
}

TEST_CASE("bytes are printed as the original prints them", "[base]") {
  CHECK(format_bytes(24'400'000'000.0) == "24.4 GB");
  CHECK(format_bytes(1e9) == "1.0 GB");
  CHECK(format_bytes(999'999'999.0) == "1000 MB");
  CHECK(format_bytes(350e6) == "350 MB");
  CHECK(format_bytes(1500) == "2 KB");
  CHECK(format_bytes(999) == "999 B");
  CHECK(format_bytes(12.9) == "12 B");
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(-0.4) == "0 B");
  CHECK(format_bytes(-5e9) == "-5.0 GB");
  CHECK(format_bytes(std::numeric_limits<double>::max()).size() == 305);
}

TEST_CASE("a limit is shown as it was set", "[base]") {
  CHECK(format_limit(1ULL << 30) == "1 GiB");
  CHECK(format_limit(3ULL << 29) == "1536 MiB");
  CHECK(format_limit(1ULL << 20) == "1 MiB");
  CHECK(format_limit(4'000'000'000) == "4.0 GB");
  CHECK(format_limit((1ULL << 30) - 4096) == "1.1 GB");
  CHECK(format_limit(0) == "0 B");
}

TEST_CASE("whole bytes stay within their type", "[base]") {
  CHECK(whole_bytes(1.9) == 1);
  CHECK(whole_bytes(-1) == 0);
  CHECK(whole_bytes(std::numeric_limits<double>::quiet_NaN()) == 0);
  CHECK(whole_bytes(1e300) == std::numeric_limits<std::uint64_t>::max());
}
