#include "measure/plot.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"

namespace fitrun {
namespace {

// Of a number that is not negative.
std::size_t nearest(double number) {
  return static_cast<std::size_t>(std::floor(number + 0.5));
}

struct Extent {
  double workers = 1;
  double bytes = 1;
};

Extent extent_of(const PlotInput& input) {
  Extent extent;
  for (const Sample& sample : input.samples) {
    extent.workers = std::max(extent.workers, sample.workers);
    extent.bytes = std::max(extent.bytes, sample.peak);
  }
  extent.bytes = std::max(extent.bytes, input.line.at(extent.workers));
  // A budget far above would press the points onto the axis.
  if (input.budget && *input.budget < 4 * extent.bytes)
    extent.bytes = std::max(extent.bytes, *input.budget);
  extent.bytes *= 1.05;
  return extent;
}

bool budget_in_view(const PlotInput& input, const Extent& extent) {
  return input.budget && *input.budget >= 0 && *input.budget <= extent.bytes;
}

std::string budget_note(const PlotInput& input, const Extent& extent) {
  if (!input.budget || budget_in_view(input, extent)) return "";
  return "the budget, " + format_bytes(*input.budget) +
         ", is above the picture";
}

// Distinct counts, in order.
std::vector<double> counts_of(const PlotInput& input) {
  std::vector<double> counts;
  for (const Sample& sample : input.samples) counts.push_back(sample.workers);
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

std::string whole(double number) {
  return fmt::format("{:.0f}", number);
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

enum class Mark { none, line, budget, point };

constexpr std::size_t kRows = 14;
constexpr std::string_view kAxisName = " workers";
constexpr std::size_t kLabel = 10;  // "  24.4 GB "

const char* text_of(Mark mark, const TextStyle& style) {
  switch (mark) {
    case Mark::none:
      return " ";
    case Mark::line:
      return style.unicode ? "·" : ".";
    case Mark::budget:
      return style.unicode ? "─" : "-";
    case Mark::point:
      return style.unicode ? "●" : "*";
  }
  return " ";
}

// Rows from the top, cells from the left; 0 workers at the left edge.
class Grid {
 public:
  Grid(const Extent& extent, std::size_t columns)
      : extent_(extent), columns_(columns), cells_(kRows * columns) {}

  void draw(double workers, double bytes, Mark mark) {
    const double x =
        workers / extent_.workers * static_cast<double>(columns_ - 1);
    const double y = bytes / extent_.bytes * (kRows - 1);
    if (!(x >= 0) || !(y >= 0) || y > kRows - 0.5) return;
    const auto row = kRows - 1 - nearest(y);
    const auto column = std::min(columns_ - 1, nearest(x));
    Mark& cell = cells_[row * columns_ + column];
    cell = std::max(cell, mark);
  }

  double workers_at(std::size_t column) const {
    return extent_.workers * static_cast<double>(column) /
           static_cast<double>(columns_ - 1);
  }

  std::string row(std::size_t index, const TextStyle& style) const {
    std::string text;
    for (std::size_t i = 0; i < columns_; ++i)
      text += text_of(cells_[index * columns_ + i], style);
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  }

 private:
  Extent extent_;
  std::size_t columns_;
  std::vector<Mark> cells_;
};

// The counts below the axis, where there is room.
std::string axis_labels(const std::vector<double>& counts, const Extent& extent,
                        std::size_t columns) {
  std::string text(kLabel + 1 + columns, ' ');
  std::size_t free_from = 0;
  for (const double count : counts) {
    const std::string label = whole(count);
    const auto column =
        nearest(count / extent.workers * static_cast<double>(columns - 1));
    std::size_t at = kLabel + 1 + column;
    if (at + label.size() > text.size()) at = text.size() - label.size();
    if (at < free_from) continue;
    text.replace(at, label.size(), label);
    free_from = at + label.size() + 1;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string xml_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // Control characters cannot be written in XML at all.
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

constexpr double kWidth = 640, kHeight = 400;
constexpr double kLeft = 80, kRight = 20, kTop = 40, kBottom = 50;

class Svg {
 public:
  explicit Svg(const Extent& extent) : extent_(extent) {}

  double x(double workers) const {
    return kLeft + workers / extent_.workers * (kWidth - kLeft - kRight);
  }
  double y(double bytes) const {
    return kHeight - kBottom -
           bytes / extent_.bytes * (kHeight - kTop - kBottom);
  }

  void line(double x1, double y1, double x2, double y2, const char* style) {
    add(R"(  <line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" {}/>)", x1,
        y1, x2, y2, style);
  }

  void text(double at_x, double at_y, const char* anchor,
            const std::string& words) {
    add(R"(  <text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)", at_x,
        at_y, anchor, xml_escaped(words));
  }

  // On a ground of its own, so that no line goes through it. How wide the text
  // is nobody knows who does not draw it; a letter of 12 takes 7 at most on
  // average.
  void note(double at_x, double at_y, bool at_left, const std::string& words) {
    const double wide = 7.0 * static_cast<double>(words.size()) + 4;
    add(R"(  <rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="15" )"
        R"(fill="#fff"/>)",
        at_left ? at_x - 2 : at_x - wide + 2, at_y - 11, wide);
    text(at_x, at_y, at_left ? "start" : "end", words);
  }

  void point(const Sample& sample) {
    add(R"(  <circle cx="{:.1f}" cy="{:.1f}" r="4" fill="#1f5fa8">)"
        "<title>{:.0f} workers, {}</title></circle>",
        x(sample.workers), y(sample.peak), sample.workers,
        format_bytes(sample.peak));
  }

  std::string file() const {
    return fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {:.0f} {:.0f}" )"
        R"(font-family="sans-serif" font-size="12">)"
        "\n"
        R"(  <rect width="100%" height="100%" fill="#fff"/>)"
        "\n{}</svg>\n",
        kWidth, kHeight, body_);
  }

 private:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    body_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  Extent extent_;
  std::string body_;
};

}  // namespace

std::string plot_text(const PlotInput& input, const TextStyle& style) {
  const Extent extent = extent_of(input);
  const std::size_t width =
      std::max<std::size_t>(40, style.columns) - kLabel - 1 - kAxisName.size();
  Grid grid(extent, width);
  for (std::size_t i = 0; i < width; ++i) {
    const double workers = grid.workers_at(i);
    grid.draw(workers, input.line.at(workers), Mark::line);
    if (budget_in_view(input, extent))
      grid.draw(workers, *input.budget, Mark::budget);
  }
  for (const Sample& sample : input.samples)
    grid.draw(sample.workers, sample.peak, Mark::point);

  std::string text = printable(input.title) + "\n";
  for (std::size_t i = 0; i < kRows; ++i) {
    const bool labelled = i % 4 == 1 || i == kRows - 1;
    const double bytes =
        extent.bytes * static_cast<double>(kRows - 1 - i) / (kRows - 1);
    text += padded(labelled ? format_bytes(bytes) + " " : "", kLabel);
    text += style.unicode ? "│" : "|";
    text += grid.row(i, style) + "\n";
  }
  text += std::string(kLabel, ' ') + (style.unicode ? "└" : "+");
  for (std::size_t i = 0; i < width; ++i) text += style.unicode ? "─" : "-";
  text += "\n" + axis_labels(counts_of(input), extent, width) +
          std::string(kAxisName) + "\n";
  text += std::string(kLabel + 1, ' ') + text_of(Mark::point, style) +
          " run  " + text_of(Mark::line, style) + " fixed + n x per worker";
  if (budget_in_view(input, extent))
    text += std::string("  ") + text_of(Mark::budget, style) + " budget";
  text += "\n";
  if (const std::string note = budget_note(input, extent); !note.empty())
    text += std::string(kLabel + 1, ' ') + note + "\n";
  return text;
}

std::string plot_svg(const PlotInput& input) {
  const Extent extent = extent_of(input);
  Svg svg(extent);
  const double bottom = svg.y(0), right = svg.x(extent.workers);
  svg.text(kWidth / 2, kTop / 2 - 4, "middle", input.title);
  for (int i = 0; i <= 4; ++i) {
    const double bytes = extent.bytes * i / 4;
    svg.line(kLeft, svg.y(bytes), right, svg.y(bytes), "stroke=\"#ddd\"");
    svg.text(kLeft - 8, svg.y(bytes) + 4, "end", format_bytes(bytes));
  }
  double free_from = 0;
  for (const double count : counts_of(input)) {
    svg.line(svg.x(count), bottom, svg.x(count), bottom + 5, "stroke=\"#333\"");
    const std::string label = whole(count);
    const double half = 3.5 * static_cast<double>(label.size()) + 1;
    if (svg.x(count) - half < free_from) continue;
    svg.text(svg.x(count), bottom + 20, "middle", label);
    free_from = svg.x(count) + half;
  }
  svg.text(kWidth / 2, kHeight - 8, "middle", "workers");
  svg.line(kLeft, bottom, right, bottom, "stroke=\"#333\"");
  svg.line(kLeft, bottom, kLeft, kTop, "stroke=\"#333\"");
  if (budget_in_view(input, extent)) {
    // Where the line of the runs is further off.
    const bool at_left =
        std::abs(*input.budget - input.line.fixed) >
        std::abs(*input.budget - input.line.at(extent.workers));
    svg.note(at_left ? kLeft + 6 : right - 2, svg.y(*input.budget) - 6, at_left,
             "budget " + format_bytes(*input.budget));
  } else if (input.budget) {
    svg.text(right, kTop - 6, "end", budget_note(input, extent));
  }
  svg.line(svg.x(0), svg.y(input.line.fixed), right,
           svg.y(input.line.at(extent.workers)),
           "stroke=\"#1f5fa8\" stroke-width=\"2\"");
  if (budget_in_view(input, extent)) {
    svg.line(kLeft, svg.y(*input.budget), right, svg.y(*input.budget),
             "stroke=\"#b03030\" stroke-width=\"2\" stroke-dasharray=\"6 4\"");
  }
  for (const Sample& sample : input.samples) svg.point(sample);
  return svg.file();
}

}  // namespace fitrun
