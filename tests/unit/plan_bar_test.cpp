#include <cmath>
#include <limits>

#include "base/text.h"
#include "catch.h"
#include "plan/bar.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

// 10 GB used, 20 GB available and 14 GB of them to plan with; 2 GB fixed and 3
// workers of 3 GB.
BarInput input() {
  BarInput bar;
  bar.used = 10e9;
  bar.available = 20e9;
  bar.budget = 14e9;
  bar.fixed = 2e9;
  bar.per_worker = 3e9;
  bar.workers = 3;
  return bar;
}

std::string bar(const BarInput& input, std::size_t columns) {
  return render_bar(input, "  ", {false, false, columns});
}

}  // namespace

TEST_CASE("the bar is to scale, and the budget is marked", "[bar]") {
  // 70 columns less the indent and 8 separators: 60 cells for 30 GB. The budget
  // ends with 24 GB, 48 cells and 6 separators after the first.
  CHECK(
      bar(input(), 70) ==
      "  |####################|====|------|------|------|      |............|\n"
      "                                         budget 14.0 GB ^\n"
      "  # used 10.0 GB   = fixed 2.0 GB   - 3 workers, 9.0 GB   left 3.0 GB\n"
      "  . kept free 6.0 GB\n");
}

TEST_CASE("the bar is as wide as the terminal, of 40 to 200 columns", "[bar]") {
  for (const auto columns :
       std::vector<std::size_t>{0, 40, 57, 80, 133, 200, 500}) {
    for (const auto workers :
         std::vector<std::uint64_t>{1, 3, 8, 16, 50, 1000}) {
      for (const double each : {1.0, 3e5, 1e8, 1e9}) {
        BarInput one = input();
        one.workers = workers;
        one.per_worker = each;
        one.set_aside = 1e6;
        const std::string text = bar(one, columns);
        const std::size_t width =
            std::min<std::size_t>(200, std::max<std::size_t>(40, columns));
        INFO(columns << " columns, " << workers << " workers: " << text);
        CHECK(lines(text).front().size() == width);
        for (const auto line : lines(text)) CHECK(line.size() <= width);
      }
    }
  }
}

TEST_CASE("workers that go beyond the budget go past its mark", "[bar]") {
  BarInput one = input();
  one.budget = 4e9;
  one.workers = 1;
  // 60 columns less the indent and 5 separators: 53 cells for 30 GB, 6 of them
  // for the worker from 12 to 15 GB. 14 GB are 4 of those from its separator.
  const std::string text = bar(one, 60);
  CHECK_THAT(text, ContainsSubstring("|------|"));
  CHECK_THAT(text, ContainsSubstring("kept free 15.0 GB"));
  CHECK_THAT(text, !ContainsSubstring("left"));
  const std::size_t mark = lines(text)[1].find('^');
  const std::size_t first = lines(text)[0].find("|------|");
  CHECK(mark == first + 1 + 4);
}

TEST_CASE("what is not there is drawn as such", "[bar]") {
  BarInput one = input();
  one.workers = 1;
  one.per_worker = 28e9;
  const std::string text = bar(one, 80);
  CHECK_THAT(text, ContainsSubstring("-!"));
  CHECK_THAT(text, ContainsSubstring("! over by 10.0 GB"));
  CHECK_THAT(text, !ContainsSubstring("kept free"));
}

TEST_CASE("what has no colour is left without", "[bar]") {
  const std::string text = render_bar(input(), "", {true, false, 80});
  CHECK_THAT(text, ContainsSubstring("\x1b[32m-"));
  CHECK_THAT(text, ContainsSubstring("\n. kept free"));
}

TEST_CASE("absurd sizes give a bar, too", "[bar]") {
  BarInput one = input();
  one.per_worker = std::numeric_limits<double>::infinity();
  one.fixed = std::nan("");
  one.budget = -1;
  one.used = std::numeric_limits<double>::max();
  CHECK(lines(bar(one, 80)).front().size() == 80);
  CHECK(bar({}, 80).empty());
}
