#include "catch.h"
#include "os/environment.h"
#include "os/library.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a library is loaded and its functions are found", "[library]") {
  const auto library = Library::load("libc.so.6");
  REQUIRE(library);
  const auto absolute = library->function<int(int)>("abs");
  REQUIRE(absolute);
  CHECK(absolute(-7) == 7);
  CHECK(library->function<int(int)>("no_such_function_here") == nullptr);
}

TEST_CASE("a library that is not there is the loader's own message",
          "[library]") {
  const auto library = Library::load("libno-such-library.so.1");
  REQUIRE_FALSE(library);
  CHECK_THAT(library.error().message,
             ContainsSubstring("libno-such-library.so.1: cannot open shared "
                               "object file"));
}

TEST_CASE("a trusted variable is read where this program has no extra rights",
          "[library]") {
  const Environment set(
      std::map<std::string, std::string>{{"FITRUN_NVML", "/x.so"}});
  CHECK(trusted_variable(set, "FITRUN_NVML") == "/x.so");
  CHECK(trusted_variable(set, "FITRUN_VULKAN") == "");
}
