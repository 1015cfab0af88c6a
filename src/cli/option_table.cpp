#include "cli/option_table.h"

#include <fmt/format.h>

#include "base/duration.h"
#include "base/text.h"
#include "stage/values.h"

namespace fitrun {
namespace {

constexpr unsigned bit(Verb verb) {
  return 1U << static_cast<unsigned>(verb);
}
constexpr unsigned kDeciding = bit(Verb::run) | bit(Verb::plan);
constexpr unsigned kStaging = kDeciding | bit(Verb::measure);
// `fitrun jobs` is a plan without a stage.
constexpr unsigned kPlanning = kDeciding | bit(Verb::jobs);
// What these cost counts for a request too.
constexpr unsigned kCosting = kPlanning | bit(Verb::request);
constexpr unsigned kAll = ~0U;

constexpr std::uint64_t kMostRetries = 22;  // halves 2^22 workers to one
constexpr std::uint64_t kMostRepeats = 1000;

// The value, with its origin before whatever is wrong with it.
template <typename T>
Sourced<T> sourced(Result<T> result, const std::string& origin) {
  if (!result) throw Failure(origin + ": " + result.error().message);
  return {std::move(result).value(), origin};
}

CostTerm size_term(const std::string& value, const std::string& origin) {
  return {sourced(parse_size(value), origin).value, origin};
}

// A flag replaces what a variable gave; a second --fixed adds to the first.
void add_term(Cost& cost, const std::string& value, const std::string& origin) {
  if (!cost.empty() && cost.front().origin != origin) cost.clear();
  cost.push_back(size_term(value, origin));
}

void set_pool(Options& o, const std::string& value, const std::string& origin) {
  const auto pool = pool_from_key(value);
  if (!pool)
    throw Failure(origin + ": expected ram or vram, not " + in_quotes(value));
  o.launch.wishes.pool = {*pool, origin};
}

void set_available(Options& o, const std::string& value,
                   const std::string& origin) {
  for (const std::string_view part : split(value, ',')) {
    const std::size_t equals = part.find('=');
    const auto pool = pool_from_key(part.substr(0, equals));
    if (equals == std::string_view::npos || !pool) {
      throw Failure(origin + ": expected POOL=SIZE, like ram=4GiB, not " +
                    in_quotes(part));
    }
    auto bytes = sourced(parse_size(part.substr(equals + 1)), origin);
    o.launch.wishes.available.emplace_back(*pool, std::move(bytes));
  }
}

void set_format(Options& o, const std::string& value,
                const std::string& origin) {
  if (value == "text") return void(o.format = Format::text);
  if (value == "json") return void(o.format = Format::json);
  if (value == "shell") return void(o.format = Format::shell);
  if (value == "threads") return void(o.format = Format::threads);
  throw Failure(origin + ": expected text, json, shell or threads, not " +
                in_quotes(value));
}

std::uint64_t whole_number(const std::string& value, const std::string& origin,
                           std::uint64_t most) {
  const auto number = parse_count(trim(value));
  if (!number || *number < 1 || *number > most) {
    throw Failure(
        fmt::format("{}: expected a whole number from 1 to {}, not {}", origin,
                    most, in_quotes(value)));
  }
  return *number;
}

void set_counts(Options& o, const std::string& value,
                const std::string& origin) {
  o.measure.counts.clear();
  for (const std::string_view part : split(value, ','))
    o.measure.counts.push_back(
        whole_number(std::string(part), origin, kMostWorkers));
}

std::string file_name(const std::string& value, const std::string& origin) {
  if (value.empty()) throw Failure(origin + ": the file's name is empty");
  return value;
}

void set_text_or_json(Options& o, const std::string& value,
                      const std::string& origin) {
  if (value != "text" && value != "json")
    throw Failure(origin + ": expected text or json, not " + in_quotes(value));
  o.format = value == "json" ? Format::json : Format::text;
}

void set_format_of_request(Options& o, const std::string& value,
                           const std::string& origin) {
  if (value != "bytes" && value != "text" && value != "json")
    throw Failure(origin + ": expected text, json or bytes, not " +
                  in_quotes(value));
  o.format = value == "bytes"  ? Format::bytes
             : value == "json" ? Format::json
                               : Format::text;
}

bool on_or_off(const std::string& value, const std::string& origin) {
  if (value == "on") return true;
  if (value == "off") return false;
  throw Failure(origin + ": expected on or off, not " + in_quotes(value));
}

void set_colour(Options& o, const std::string& value,
                const std::string& origin) {
  if (value == "auto") return void(o.colour = ColourChoice::automatic);
  if (value == "always") return void(o.colour = ColourChoice::always);
  if (value == "never") return void(o.colour = ColourChoice::never);
  throw Failure(origin + ": expected auto, always or never, not " +
                in_quotes(value));
}

using Text = const std::string&;

constexpr OptionRow kTable[] = {
    {"-w,--want", "N|cpus", "FITRUN_WANT", "workers wanted",
     kStaging | kCosting,
     [](Options& o, Text v, Text at) {
       o.launch.wishes.want = sourced(parse_want(v), at);
     }},
    {"--per-worker", "SIZE", "FITRUN_PER_WORKER", "bytes that each worker adds",
     kCosting,
     [](Options& o, Text v, Text at) {
       o.launch.wishes.per_worker = {size_term(v, at)};
     }},
    {"--fixed", "SIZE", "FITRUN_FIXED", "bytes loaded once; repeat to add up",
     kCosting,
     [](Options& o, Text v, Text at) {
       add_term(o.launch.wishes.fixed, v, at);
     }},
    {"--pool", "ram|vram", "FITRUN_POOL", "the memory these costs are about",
     kDeciding | bit(Verb::request), set_pool},
    {"--headroom", "SHARE", "FITRUN_HEADROOM",
     "share of the free memory to plan with [0.7]", kCosting,
     [](Options& o, Text v, Text at) {
       o.launch.wishes.headroom = sourced(parse_headroom(v), at);
     }},
    {"--reserve", "SIZE", "FITRUN_RESERVE", "taken from the budget [0]",
     kCosting,
     [](Options& o, Text v, Text at) {
       o.launch.wishes.reserve = sourced(parse_size(v), at);
     }},
    {"--available", "POOL=SIZE", "FITRUN_AVAILABLE",
     "free memory, in place of measuring it", kStaging | bit(Verb::jobs),
     set_available},
    {"--on-no-fit", "WHAT", "FITRUN_ON_NO_FIT",
     "run-one, fail or wait [run-one]", kDeciding,
     [](Options& o, Text v, Text at) {
       o.launch.wishes.on_no_fit = sourced(parse_on_no_fit(v), at);
     }},
    {"--wait", "[TIME]", nullptr, "the same as --on-no-fit wait",
     bit(Verb::run),
     [](Options& o, Text v, Text at) {
       o.launch.wishes.on_no_fit = Sourced<OnNoFit>{OnNoFit::wait, at};
       if (!v.empty())
         o.launch.wait_timeout = sourced(parse_duration(v), at).value;
     }},
    {"--hold", nullptr, "FITRUN_HOLD",
     "stop jobs that would not fit until they do", kDeciding,
     [](Options& o, Text v, Text at) {
       o.launch.wishes.hold = sourced(parse_hold(v.empty() ? "on" : v), at);
     }},
    {"--no-hold", nullptr, nullptr, "stop none", kDeciding,
     [](Options& o, Text, Text at) {
       o.launch.wishes.hold = Sourced<Hold>{Hold::off, at};
     }},
    {"--jobserver", nullptr, "FITRUN_JOBSERVER",
     "be the jobserver of make, or of ninja 1.13", kDeciding,
     [](Options& o, Text v, Text at) {
       o.launch.jobserver = v.empty() || on_or_off(v, at);
     }},
    {"--no-jobserver", nullptr, nullptr, "be none", kDeciding,
     [](Options& o, Text, Text) { o.launch.jobserver = false; }},
    {"--as-is", nullptr, nullptr, "replace nothing in COMMAND", kStaging,
     [](Options& o, Text, Text) { o.launch.as_is = true; }},
    {"--wait-timeout", "TIME", "FITRUN_WAIT_TIMEOUT",
     "end of a wait: 30, 5m, 2h [no end]", bit(Verb::run),
     [](Options& o, Text v, Text at) {
       o.launch.wait_timeout = sourced(parse_duration(v), at).value;
     }},
    {"--label", "TEXT", "FITRUN_LABEL", "tag of the log lines",
     kStaging | bit(Verb::request),
     [](Options& o, Text v, Text at) {
       o.launch.wishes.label = sourced(check_label(v), at);
     }},
    {"--watch", nullptr, nullptr,
     "record the peak of the run for fitrun history", bit(Verb::run),
     [](Options& o, Text, Text) { o.launch.watch = true; }},
    {"--retry-on-oom", "N", "FITRUN_RETRY_ON_OOM",
     "N more runs with half the workers each", bit(Verb::run),
     [](Options& o, Text v, Text at) {
       o.launch.retries = whole_number(v, at, kMostRetries);
     }},
    {"--counts", "N,N,...", nullptr, "numbers of workers to run [1,2,4,...]",
     bit(Verb::measure), set_counts},
    {"--repeat", "N", nullptr, "runs with each number [2 or more]",
     bit(Verb::measure),
     [](Options& o, Text v, Text at) {
       o.measure.repeat =
           static_cast<std::size_t>(whole_number(v, at, kMostRepeats));
     }},
    {"--input", "FILE", nullptr, "run over FILE, <input>; repeat for more",
     bit(Verb::measure),
     [](Options& o, Text v, Text at) {
       o.measure.inputs.push_back(file_name(v, at));
     }},
    {"--prepare", "COMMAND", nullptr, "run COMMAND by sh -c before each run",
     bit(Verb::measure),
     [](Options& o, Text v, Text) { o.measure.prepare = v; }},
    {"--write", nullptr, nullptr, "put the numbers into the descriptor",
     bit(Verb::measure),
     [](Options& o, Text, Text) { o.measure.write = true; }},
    {"--plot", "FILE.svg", nullptr, "draw the runs and the line",
     bit(Verb::measure),
     [](Options& o, Text v, Text at) { o.measure.plot = file_name(v, at); }},
    {"--show-output", nullptr, nullptr,
     "the command's output too, on standard error", bit(Verb::measure),
     [](Options& o, Text, Text) { o.measure.show_output = true; }},
    {"--sample", nullptr, nullptr,
     "sample the processes, make no control group", bit(Verb::measure),
     [](Options& o, Text, Text) { o.measure.sample = true; }},
    {"--format", "FORMAT", nullptr, "text or json [text]",
     bit(Verb::leases) | bit(Verb::probe) | bit(Verb::measure) |
         bit(Verb::history),
     set_text_or_json},
    {"--format", "FORMAT", nullptr, "text, json, shell or threads [text]",
     bit(Verb::plan), set_format},
    {"--format", "FORMAT", nullptr, "text, json or bytes [text]",
     bit(Verb::request), set_format_of_request},
    {"--for", "NAME", nullptr, "the scheduler to ask [all that are known]",
     bit(Verb::request),
     [](Options& o, Text v, Text at) {
       o.scheduler = sourced(scheduler_named(v), at).value;
     }},
    {"--forget", nullptr, nullptr, "drop what the runs have taught",
     bit(Verb::history), [](Options& o, Text, Text) { o.forget = true; }},
    {"--capture", "DIR", nullptr, "copy what the probe reads into DIR",
     bit(Verb::probe),
     [](Options& o, Text v, Text at) {
       if (v.empty()) throw Failure(at + ": the folder's name is empty");
       o.capture = v;
     }},
    {"--root", "DIR", nullptr, "describe the machine whose /proc is in DIR",
     kCosting | bit(Verb::probe),
     [](Options& o, Text v, Text at) {
       if (v.empty()) throw Failure(at + ": the folder's name is empty");
       o.root = v;
     }},
    {"--color", "WHEN", nullptr, "auto, always or never [auto]", kAll,
     set_colour},
    {"-q,--quiet", nullptr, nullptr, "warnings only",
     bit(Verb::run) | bit(Verb::measure) | bit(Verb::request),
     [](Options& o, Text, Text) { o.verbosity = Verbosity::quiet; }},
    {"-v,--verbose", nullptr, nullptr, "every constraint too", bit(Verb::run),
     [](Options& o, Text, Text) { o.verbosity = Verbosity::verbose; }},
    {"-h,--help", nullptr, nullptr, "this text", kAll,
     [](Options& o, Text, Text) { o.help = true; }},
    {"-V,--version", nullptr, nullptr, "fitrun's version", bit(Verb::run),
     [](Options& o, Text, Text) { o.version = true; }},
};

}  // namespace

std::span<const OptionRow> option_table() {
  return kTable;
}

}  // namespace fitrun
