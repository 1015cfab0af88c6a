#include "base/text.h"
#include "catch.h"
#include "measure/plot.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

PlotInput input() {
  PlotInput plot;
  plot.title = "HTML <1>";
  plot.samples = {{1, 150e6}, {2, 200e6}, {4, 300e6}};
  plot.line = {100e6, 50e6};
  plot.budget = 400e6;
  return plot;
}

}  // namespace

TEST_CASE("the terminal shows points, line and budget to scale", "[plot]") {
  const std::string text = plot_text(input(), {false, false, 59});
  const auto rows = lines(text);
  REQUIRE(rows.size() == 18);
  CHECK(rows[0] == "HTML <1>");
  // 14 rows for 0 to 420 MB, so 32.3 MB each: 300 MB is row 13 - 9 = 4 from the
  // top, 200 MB row 13 - 6 = 7, 150 MB row 13 - 5 = 8, the budget row 1. 40
  // columns for 0 to 4 workers, ten apart, behind a label of ten and the axis.
  CHECK(rows[1 + 4].substr(11 + 39) == "*");
  CHECK(rows[1 + 7].at(11 + 20) == '*');
  CHECK(rows[1 + 8].at(11 + 10) == '*');
  CHECK(rows[1 + 1] == "   388 MB |" + std::string(40, '-'));
  // The line begins at the fixed 100 MB, row 13 - 3 = 10.
  CHECK(rows[1 + 10].substr(10, 2) == "|.");
  CHECK(rows[15] == "          +" + std::string(40, '-'));
  CHECK(rows[16] ==
        "                     1         2                  4 workers");
  for (const auto row : rows) CHECK(row.size() <= 59);
  CHECK_THAT(plot_text(input(), {false, true, 60}), ContainsSubstring("●"));
}

TEST_CASE("a budget far above is said, not drawn", "[plot]") {
  PlotInput plot = input();
  plot.budget = 20e9;
  const std::string text = plot_text(plot, {false, false, 60});
  CHECK_THAT(text, ContainsSubstring("the budget, 20.0 GB, is above"));
  CHECK_THAT(text, !ContainsSubstring(" - budget"));
  CHECK_THAT(plot_svg(plot), ContainsSubstring("the budget, 20.0 GB"));
}

TEST_CASE("nothing to show is no trouble", "[plot]") {
  CHECK(!plot_text({}, {false, false, 0}).empty());
  CHECK(!plot_svg({}).empty());
}

TEST_CASE("the SVG has every point where it belongs", "[plot]") {
  const std::string svg = plot_svg(input());
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK_THAT(svg, ContainsSubstring("HTML &lt;1&gt;"));
  // 540 wide for 4 workers from 80: 2 is at 350. 310 high for 420 MB from 350
  // upwards: 200 MB is at 350 - 147.6 = 202.4, the budget at 54.8.
  CHECK_THAT(svg, ContainsSubstring("cx=\"350.0\" cy=\"202.4\""));
  CHECK_THAT(svg, ContainsSubstring("y1=\"54.8\" x2=\"620.0\" y2=\"54.8\" "
                                    "stroke=\"#b03030\""));
  CHECK_THAT(svg, ContainsSubstring("2 workers, 200 MB"));
}

TEST_CASE("no line goes through the words of the SVG", "[plot]") {
  PlotInput plot = input();
  std::string svg = plot_svg(plot);
  // At the left, where the line of the runs is further from the budget, on a
  // ground of its own that lies on the grid and below the lines.
  const std::size_t ground = svg.find(
      "<rect x=\"84.0\" y=\"37.8\" width=\"95.0\" height=\"15\" "
      "fill=\"#fff\"/>");
  REQUIRE(ground != std::string::npos);
  CHECK(svg.find("text-anchor=\"start\">budget 400 MB", ground) !=
        std::string::npos);
  CHECK(svg.rfind("#ddd") < ground);
  CHECK(svg.find("#1f5fa8") > ground);
  plot.line = {390e6, -60e6};
  CHECK_THAT(plot_svg(plot),
             ContainsSubstring("text-anchor=\"end\">budget 400 MB"));
  // Of 1, 2, 4 ... 64 workers not each has room for its number.
  plot.samples.clear();
  for (int count = 1; count <= 64; count *= 2)
    plot.samples.push_back({1.0 * count, 1e8});
  svg = plot_svg(plot);
  CHECK_THAT(svg, ContainsSubstring(">1</text>") &&
                      !ContainsSubstring(">2</text>") &&
                      ContainsSubstring(">64</text>"));
}
