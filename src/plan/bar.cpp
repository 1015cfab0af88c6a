#include "plan/bar.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"

namespace fitrun {
namespace {

constexpr std::size_t kNarrowest = 40, kWidest = 200;  // columns

struct Glyphs {
  std::string_view used, set_aside, fixed, worker, kept, over, mark;
};

constexpr Glyphs kUnicode = {"\u2588", "\u2592", "\u2593", "\u2591",
                             "\u00b7", "!",      "\u25b2"};
constexpr Glyphs kAscii = {"#", "+", "=", "-", ".", "!", "^"};

struct Segment {
  double bytes = 0;
  std::string_view glyph, colour;
  std::size_t cells = 0;
};

// An entry of the legend; `glyph` may be empty.
struct Entry {
  std::string_view glyph, colour;
  std::string text;
};

// Not negative, and far enough from the largest double that sums stay finite:
// absurd sizes give an absurd bar at worst.
double sane(double bytes) {
  return bytes > 0 ? std::min(bytes, 1e30) : 0;
}

// What is to be drawn, in bytes from the left.
struct Scale {
  double used = 0;
  double available = 0;
  double set_aside = 0;
  double fixed = 0;
  double per_worker = 0;
  double workers = 0;  // all of them
  double left = 0;     // of the budget
  double kept = 0;     // beyond it
  double over = 0;     // needed beyond what is available
  double budget_end = 0;
};

Scale scale_of(const BarInput& input) {
  Scale s;
  s.used = sane(input.used);
  s.available = sane(input.available);
  s.set_aside = sane(input.set_aside);
  s.fixed = sane(input.fixed);
  s.per_worker = sane(input.per_worker);
  s.workers = sane(s.per_worker * static_cast<double>(input.workers));
  const double taken = s.set_aside + s.fixed + s.workers;
  const double planned =
      std::min(s.available, s.set_aside + sane(input.budget));
  s.left = std::max(0.0, planned - taken);
  s.kept = std::max(0.0, s.available - std::max(taken, planned));
  s.over = std::max(0.0, taken - s.available);
  s.budget_end = s.used + planned;
  return s;
}

// Without those of no bytes. Each worker for itself where there is room.
std::vector<Segment> segments_of(const Scale& s, std::uint64_t workers,
                                 std::size_t width, const Glyphs& glyphs) {
  constexpr std::size_t kOthers = 5, kRoom = 3;  // columns for one
  const bool each = workers <= width && (workers + kOthers) * kRoom < width;
  std::vector<Segment> all = {{s.used, glyphs.used, kGrey},
                              {s.set_aside, glyphs.set_aside, kGrey},
                              {s.fixed, glyphs.fixed, kBlue}};
  for (std::uint64_t i = 0; i < (each ? workers : 1); ++i)
    all.push_back({each ? s.per_worker : s.workers, glyphs.worker, kGreen});
  all.push_back({s.left, " ", ""});
  all.push_back({s.kept, glyphs.kept, ""});
  std::erase_if(all, [](const Segment& one) { return one.bytes <= 0; });
  return all;
}

// Shares out the columns between the separators, by the running sum, so that
// rounding never adds up. A part that is there at all gets one: a bar without
// it would lie. Those of the smallest come from the largest.
void share_cells(std::vector<Segment>& segments, std::size_t cells) {
  double total = 0;
  for (const Segment& one : segments) total += one.bytes;
  double sum = 0;
  std::size_t end = 0, given = 0;
  for (Segment& one : segments) {
    sum += one.bytes;
    const auto until = static_cast<std::size_t>(
        std::floor(static_cast<double>(cells) * sum / total + 0.5));
    one.cells = std::max<std::size_t>(1, until - end);
    end = until;
    given += one.cells;
  }
  for (; given > cells; --given) {
    --std::max_element(
          segments.begin(), segments.end(),
          [](const Segment& a, const Segment& b) { return a.cells < b.cells; })
          ->cells;
  }
}

// The column, from 0, in which so many bytes end: that of the separator where a
// segment ends there.
std::size_t column_of(double bytes, const std::vector<Segment>& segments) {
  std::size_t column = 0;
  double sum = 0;
  for (const Segment& one : segments) {
    const double share = (bytes - sum) / one.bytes;
    if (share < 1e-6) break;
    if (share < 1 - 1e-6) {
      const auto cells = static_cast<double>(one.cells);
      return column + 1 +
             std::min(one.cells - 1,
                      static_cast<std::size_t>(std::floor(share * cells)));
    }
    sum += one.bytes;
    column += one.cells + 1;
  }
  return column;
}

std::string drawn(const std::vector<Segment>& segments, double end,
                  const Glyphs& glyphs, const TextStyle& style) {
  std::string bar = "|";
  double sum = 0;
  for (const Segment& one : segments) {
    std::string inside, beyond;
    for (std::size_t i = 0; i < one.cells; ++i) {
      const double middle = sum + one.bytes * (static_cast<double>(i) + 0.5) /
                                      static_cast<double>(one.cells);
      if (middle <= end)
        inside += one.glyph;
      else
        beyond += glyphs.over;
    }
    bar +=
        styled(inside, one.colour, style) + styled(beyond, kRed, style) + "|";
    sum += one.bytes;
  }
  return bar;
}

// The words stand where there is room for them.
std::string mark_line(std::size_t column, const std::string& words,
                      std::size_t width, const Glyphs& glyphs) {
  const std::string mark(glyphs.mark);
  if (column + 2 + words.size() <= width || column < words.size() + 1)
    return std::string(column, ' ') + mark + " " + words;
  return std::string(column - words.size() - 1, ' ') + words + " " + mark;
}

std::vector<Entry> legend_of(const Scale& s, std::uint64_t workers,
                             const Glyphs& glyphs) {
  std::vector<Entry> entries;
  const auto add = [&](std::string_view glyph, std::string_view colour,
                       const std::string& words, double bytes) {
    // Costs as the rows above the bar show them.
    if (bytes > 0)
      entries.push_back(
          {glyph, colour, words + " " + format_limit(whole_bytes(bytes))});
  };
  add(glyphs.used, kGrey, "used", s.used);
  add(glyphs.set_aside, kGrey, "leased, not in use", s.set_aside);
  add(glyphs.fixed, kBlue, "fixed", s.fixed);
  add(glyphs.worker, kGreen, counted(workers, "worker") + ",", s.workers);
  add("", "", "left", s.left);
  add(glyphs.kept, "", "kept free", s.kept);
  add(glyphs.over, kRed, "over by", s.over);
  return entries;
}

std::string legend_lines(const std::vector<Entry>& entries,
                         const std::string& indent, std::size_t width,
                         const TextStyle& style) {
  std::string out, line;
  std::size_t columns = 0;
  for (const Entry& entry : entries) {
    const std::size_t own = entry.text.size() + (entry.glyph.empty() ? 0 : 2);
    if (columns > 0 && columns + 3 + own > width) {
      out += indent + line + "\n";
      line.clear();
      columns = 0;
    }
    if (columns > 0) line += "   ";
    columns += own + (columns > 0 ? 3 : 0);
    if (!entry.glyph.empty())
      line += styled(entry.glyph, entry.colour, style) + " ";
    line += entry.text;
  }
  return line.empty() ? out : out + indent + line + "\n";
}

}  // namespace

std::string render_bar(const BarInput& input, const std::string& indent,
                       const TextStyle& style) {
  const Glyphs& glyphs = style.unicode ? kUnicode : kAscii;
  const std::size_t width =
      std::clamp(style.columns, kNarrowest, kWidest) - indent.size();
  const Scale scale = scale_of(input);
  std::vector<Segment> segments =
      segments_of(scale, input.workers, width, glyphs);
  if (segments.empty()) return "";
  share_cells(segments, width - segments.size() - 1);
  const std::string budget = "budget " + format_bytes(input.budget);
  return indent + drawn(segments, scale.used + scale.available, glyphs, style) +
         "\n" + indent +
         mark_line(column_of(scale.budget_end, segments), budget, width,
                   glyphs) +
         "\n" +
         legend_lines(legend_of(scale, input.workers, glyphs), indent, width,
                      style);
}

}  // namespace fitrun
