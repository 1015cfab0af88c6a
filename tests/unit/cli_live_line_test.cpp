#include "catch.h"
#include "cli/live_line.h"

using namespace fitrun;
using std::chrono::seconds;

TEST_CASE("where lines stay they come more and more seldom", "[live]") {
  const Seldom::Time start{};
  Seldom seldom(start);
  std::vector<long long> told;
  for (int second = 1; second <= 1300; ++second)
    if (seldom.due(start + seconds(second))) told.push_back(second);
  // 5, 10, 20, 40, 80 and 160 s apart, then 300.
  CHECK(told ==
        std::vector<long long>{5, 15, 35, 75, 155, 315, 615, 915, 1215});
}

TEST_CASE("what else is said puts a line off", "[live]") {
  const Seldom::Time start{};
  Seldom seldom(start);
  seldom.said(start + seconds(4));
  CHECK_FALSE(seldom.due(start + seconds(8)));
  CHECK(seldom.due(start + seconds(9)));
}
