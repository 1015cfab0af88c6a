#include "share/lease.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace fitrun {
namespace {

constexpr std::string_view kHeading = "fitrun-lease ";
constexpr std::string_view kVersion = "2";
// So that half a file is no lease of half as much.
constexpr std::string_view kEnd = "end\n";
constexpr std::size_t kLongestLabel = 100;
constexpr std::size_t kLongestWord = 128;
constexpr std::size_t kMostRows = 64;  // of levels, and of holdings

Error malformed(std::string_view what) {
  return {"not a lease: " + std::string(what), EINVAL};
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::string one_line(std::string_view text) {
  std::string out(text.substr(0, kLongestLabel));
  std::replace_if(out.begin(), out.end(), is_control, ' ');
  return std::string(trim(out));
}

// The lines of a lease, taken one after the other; the first that is not as
// expected makes the rest empty.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool failed() const { return failed_; }
  bool finished() const { return rest_ == kEnd; }

  // Whether the next line is "KEY ...".
  bool next_is(std::string_view key) const {
    return rest_.size() > key.size() && rest_.starts_with(key) &&
           rest_[key.size()] == ' ';
  }

  // What follows `key` on the next line.
  std::string_view value(std::string_view key) {
    if (failed_ || !next_is(key)) return fail();
    rest_.remove_prefix(key.size() + 1);
    const auto stop = std::find_if(rest_.begin(), rest_.end(), is_control);
    if (stop == rest_.end() || *stop != '\n') return fail();
    const auto end = static_cast<std::size_t>(stop - rest_.begin());
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return found;
  }

  // Exactly `kCount` words of bounded length; all of them empty if not.
  template <std::size_t kCount>
  std::array<std::string_view, kCount> values(std::string_view key) {
    std::array<std::string_view, kCount> found;
    std::string_view left = value(key);
    for (std::string_view& word : found) {
      const std::size_t end = left.find(' ');
      word = left.substr(0, end);
      const bool last = &word == &found.back();
      if (word.empty() || word.size() > kLongestWord ||
          last != (end == std::string_view::npos)) {
        fail();
        return {};
      }
      if (!last) left.remove_prefix(end + 1);
    }
    return found;
  }

  std::string_view word(std::string_view key) { return values<1>(key)[0]; }

  std::uint64_t number(std::string_view text) {
    const std::optional<std::uint64_t> n = parse_count(text);
    if (!n) fail();
    return n.value_or(0);
  }

  std::string_view fail() {
    failed_ = true;
    return {};
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

ProcessIdentity read_process(Reader& reader, std::string_view key) {
  const auto words = reader.values<5>(key);
  const std::uint64_t pid = reader.number(words[0]);
  if (pid == 0 || pid > std::numeric_limits<pid_t>::max()) reader.fail();
  ProcessIdentity process;
  process.pid = static_cast<pid_t>(pid);
  process.start = reader.number(words[1]);
  process.pid_namespace = reader.number(words[2]);
  process.time_namespace = reader.number(words[3]);
  process.boot = words[4];
  return process;
}

std::string format_process(const ProcessIdentity& process) {
  return fmt::format("{} {} {} {} {}", process.pid, process.start,
                     process.pid_namespace, process.time_namespace,
                     process.boot);
}

void read_holding(Reader& reader, Lease& lease) {
  Holding holding;
  if (reader.next_is("ram")) {
    holding.bytes = reader.number(reader.word("ram"));
  } else {
    const auto words = reader.values<2>("vram");
    holding.pool = Pool::vram;
    holding.device = words[0];
    holding.bytes = reader.number(words[1]);
  }
  for (const Holding& other : lease.holdings)
    if (other.pool == holding.pool && other.device == holding.device)
      reader.fail();
  lease.holdings.push_back(std::move(holding));
}

}  // namespace

bool is_lease_id(std::string_view text) {
  return text.size() == 16 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string format_lease(const Lease& lease) {
  std::string text =
      fmt::format("{}{}\nid {}\nkind {}\nholder {}\n", kHeading, kVersion,
                  lease.id, lease.kind == LeaseKind::held ? "held" : "waiting",
                  format_process(lease.holder));
  const auto line = [&](std::string_view key, const auto& value) {
    fmt::format_to(std::back_inserter(text), "{} {}\n", key, value);
  };
  if (lease.writer) line("writer", format_process(*lease.writer));
  line("taken", lease.taken);
  line("since", lease.since);
  line("threads", lease.threads);
  if (!lease.within.empty()) line("within", lease.within);
  // What is beyond a bound is left out, so that the rest can be read.
  const auto rows = [](std::size_t n) { return std::min(n, kMostRows); };
  for (std::size_t i = 0; i < rows(lease.levels.size()); ++i)
    line("level", lease.levels[i]);
  for (std::size_t i = 0; i < rows(lease.holdings.size()); ++i) {
    const Holding& holding = lease.holdings[i];
    if (holding.pool == Pool::ram)
      line("ram", holding.bytes);
    else
      line("vram", fmt::format("{} {}", holding.device, holding.bytes));
  }
  const std::string label = one_line(lease.label);
  if (!label.empty()) line("label", label);
  return text.append(kEnd);
}

Result<Lease> parse_lease(std::string_view text) {
  if (text.size() > kLargestLease) return malformed("too long");
  Reader reader(text);
  const std::string_view version =
      reader.word(kHeading.substr(0, kHeading.size() - 1));
  if (reader.failed()) return malformed("no heading");
  if (version != kVersion)
    return Error{"lease of version " + in_quotes(version), ENOTSUP};

  Lease lease;
  lease.id = reader.word("id");
  if (!is_lease_id(lease.id)) return malformed("id");
  const std::string_view kind = reader.word("kind");
  if (kind != "held" && kind != "waiting") return malformed("kind");
  lease.kind = kind == "held" ? LeaseKind::held : LeaseKind::waiting;
  lease.holder = read_process(reader, "holder");
  if (reader.next_is("writer")) lease.writer = read_process(reader, "writer");
  lease.taken = reader.number(reader.value("taken"));
  lease.since = reader.number(reader.value("since"));
  lease.threads = reader.number(reader.value("threads"));
  if (reader.next_is("within")) lease.within = reader.word("within");
  if (!lease.within.empty() && !is_lease_id(lease.within))
    return malformed("within");
  while (reader.next_is("level") && lease.levels.size() < kMostRows)
    lease.levels.emplace_back(reader.word("level"));
  while ((reader.next_is("ram") || reader.next_is("vram")) &&
         lease.holdings.size() < kMostRows)
    read_holding(reader, lease);
  if (reader.next_is("label")) lease.label = reader.value("label");
  if (reader.failed() || !reader.finished()) return malformed("fields");
  if (lease.label != one_line(lease.label)) return malformed("label");
  return lease;
}

}  // namespace fitrun
