// Catch2 by one name: Debian 12 ships version 2, Debian 13 and Ubuntu 24.04
// version 3. Write Catch::Approx and Catch::Matchers::ContainsSubstring.

#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>
#else
#include <catch2/catch.hpp>
namespace Catch {
using Detail::Approx;  // a bare Catch::Approx is the vector matcher in version
                       // 2
namespace Matchers {
inline auto ContainsSubstring(std::string const& text,
                              CaseSensitive::Choice c = CaseSensitive::Yes) {
  return Contains(text, c);
}
}  // namespace Matchers
}  // namespace Catch
#endif
