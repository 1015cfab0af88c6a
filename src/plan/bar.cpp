#include "plan/bar.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"

namespace fitrun {
namespace {

constexpr double kCells = 56;

struct Glyphs {
  std::string_view used, set_aside, fixed, worker, over;
};

constexpr Glyphs kUnicode = {"\u2588", "\u2592", "\u2593", "\u2591", "!"};
constexpr Glyphs kAscii = {"#", "+", "=", "-", "!"};

struct Segment {
  double bytes = 0;
  std::string_view glyph, colour;
};

// Finite and not negative, so that absurd sizes give an absurd bar at worst.
double sane(double bytes) {
  return std::isfinite(bytes) ? std::max(0.0, bytes) : 0;
}

// Cells are shared out by the running sum, so that rounding never adds up. A
// part that is there at all gets a cell: a bar without it would lie.
std::vector<int> share_cells(const std::vector<Segment>& segments) {
  double total = 0;
  for (const Segment& s : segments) total += s.bytes;
  std::vector<int> cells;
  double sum = 0;
  int given = 0;
  for (const Segment& s : segments) {
    sum += s.bytes;
    const int end =
        total > 0 ? static_cast<int>(std::floor(kCells * sum / total + 0.5))
                  : 0;
    const int share = std::max(end - given, s.bytes > 0 ? 1 : 0);
    cells.push_back(share);
    given += share;
  }
  return cells;
}

}  // namespace

std::string render_bar(const BarInput& input, const std::string& indent,
                       const TextStyle& style) {
  const Glyphs& glyphs = style.unicode ? kUnicode : kAscii;
  const auto workers = static_cast<double>(input.workers);
  const double available = sane(input.available);
  const double set_aside = sane(input.set_aside);
  const double fixed = sane(input.fixed);
  const double per_worker = sane(input.per_worker);
  const double all_workers = sane(per_worker * workers);
  const double taken = set_aside + fixed + all_workers;
  const double over = std::max(0.0, taken - available);
  const double free = std::max(0.0, available - taken);

  std::vector<Segment> segments = {{sane(input.used), glyphs.used, kGrey},
                                   {set_aside, glyphs.set_aside, kGrey},
                                   {fixed, glyphs.fixed, kBlue}};
  // Beyond this each worker would be a cell or less: they are drawn as one.
  const bool each = input.workers <= 14 && per_worker > 0;
  if (each) {
    for (std::uint64_t i = 0; i < input.workers; ++i)
      segments.push_back({per_worker, glyphs.worker, kGreen});
  } else {
    segments.push_back({all_workers, glyphs.worker, kGreen});
  }
  segments.push_back({free, " ", ""});

  const std::vector<int> cells = share_cells(segments);
  std::string bar;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (cells[i] == 0) continue;
    std::string part;
    for (int n = 0; n < cells[i]; ++n) part += segments[i].glyph;
    bar += "|" + styled(part, segments[i].colour, style);
  }

  const auto entry = [&](std::string_view glyph, std::string_view colour,
                         const std::string& text, double bytes) {
    return fmt::format("{} {} {}   ", styled(glyph, colour, style), text,
                       format_bytes(bytes));
  };
  std::string legend;
  if (input.used > 0)
    legend += entry(glyphs.used, kGrey, "used", sane(input.used));
  if (set_aside > 0)
    legend += entry(glyphs.set_aside, kGrey, "set aside", set_aside);
  if (fixed > 0) legend += entry(glyphs.fixed, kBlue, "fixed", fixed);
  if (all_workers > 0) {
    legend += entry(glyphs.worker, kGreen,
                    fmt::format("{} worker{},", input.workers,
                                input.workers == 1 ? "" : "s"),
                    all_workers);
  }
  legend += over > 0 ? styled("! over by " + format_bytes(over), kRed, style)
                     : "kept free " + format_bytes(free);
  return indent + bar + "|\n" + indent + " " + legend + "\n";
}

}  // namespace fitrun
