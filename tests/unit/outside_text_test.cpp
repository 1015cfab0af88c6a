// Names of cgroups and files, labels and what other users and drivers say: no
// view of them may hand a terminal anything but text.

#include <algorithm>
#include <functional>

#include "catch.h"
#include "measure/history.h"
#include "measure/render_report.h"
#include "measure/report.h"
#include "plan/render_gpus.h"
#include "plan/render_probe.h"
#include "plan/render_text.h"
#include "share/render_leases.h"
#include "stage/diagnostic.h"
#include "stage/values.h"

using namespace fitrun;

namespace {

// ESC, CSI as one character of C1 and as bare byte, a line end, and an override
// of the direction.
const std::string kHostile =
    "x\x1b[2J\xc2\x9b"
    "2J\x9b"
    "2J\n\xe2\x80\xae";
const std::string kShown = "x\\x1b[2J\\u009b2J\\x9b2J\\x0a\\u202e";

std::string replaced(std::string text, const std::string& part,
                     const std::string& by) {
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos;
       at += by.size())
    text.replace(at, part.size(), by);
  return text;
}

// `show` renders the text that it is given in `places` places: each is escaped,
// and nothing else differs from the view of a harmless text of that length.
void check_view(std::ptrdiff_t places,
                const std::function<std::string(const std::string&)>& show) {
  std::string harmless(kShown.size(), 'h');
  harmless[1] = ' ';  // quoted in a command line, too
  const std::string shown = show(kHostile);
  CHECK(replaced(shown, kShown, harmless) == show(harmless));
  std::ptrdiff_t found = 0;
  for (std::size_t at = 0; (at = shown.find(kShown, at)) != std::string::npos;
       at += kShown.size())
    ++found;
  CHECK(found == places);
}

Constraint level(const std::string& name, std::uint64_t available) {
  Constraint c;
  c.name = "cgroup2.memory.max";
  c.where = "/sys/fs/cgroup/" + name;
  c.file = "memory.max";
  c.level = "/" + name;
  c.available = available;
  return c;
}

PoolReading reading(const std::string& name) {
  PoolReading made;
  made.constraints = {level(name, 3'000'000'000),
                      level("up/" + name, 9'000'000'000)};
  made.constraints.emplace_back();
  made.constraints.back().where = name;
  made.constraints.back().reason = name;
  made.diagnostics = {name};
  return made;
}

Gpu gpu(const std::string& name) {
  Gpu made;
  made.name = name;
  made.uuid = "GPU-" + name;
  made.source = "nvml";
  made.reading = reading(name);
  return made;
}

PoolPlan pool(const std::string& name) {
  PoolPlan made;
  made.reading = reading(name);
  made.binding = made.reading.constraints[0];
  made.binding.leased = {{name, 1'000'000'000}};
  made.fixed = {1e9, {{5e8, name, "s.toml:1"}, {5e8, "", name}}};
  return made;
}

Plan plan(const std::string& name) {
  Plan made;
  made.label = name;
  made.want = {4, name};
  made.threads = 1;
  made.limited_by = "vram:" + name;
  made.pools = {pool(name)};
  made.launch.command = {name};
  made.launch.changes.set = {{"A", name}};
  return made;
}

}  // namespace

TEST_CASE("a plan shows text from outside as text", "[outside]") {
  check_view(11, [](const std::string& text) {
    return render_text(plan(text), TextStyle());
  });
  Plan capped = plan("s");
  check_view(1, [&](const std::string& text) {
    capped.limited_by = text;
    return render_text(capped, TextStyle());
  });
}

TEST_CASE("a probe shows text from outside as text", "[outside]") {
  check_view(12, [](const std::string& text) {
    MachineReading machine;
    machine.pools = {reading(text)};
    machine.gpus.notes = {text};
    machine.cpus = {2, text};
    machine.worker_caps = {{"cgroup2.pids.max", text, 64, 10, 54, "/" + text}};
    machine.pressure = Pressure{text, 90};
    return render_probe_text(machine, TextStyle());
  });
  check_view(4, [](const std::string& text) {
    return render_gpus_text({gpu(text)}, TextStyle());
  });
}

TEST_CASE("reports and the history show text from outside as text",
          "[outside]") {
  check_view(5, [](const std::string& text) {
    MeasureReport report;
    report.label = text;
    report.notes = {text};
    MeasuredRun run;
    run.workers = 1;
    run.peak.bytes = 1000;
    run.peak.method = text;
    run.peak.why_not = text;
    report.measurement.runs = {run};
    PoolReport made;
    made.learned.samples = {{1, 1000}};
    report.pools = {made};
    return render_report(report, TextStyle());
  });
  check_view(1, [](const std::string& text) {
    RunRecord run;
    run.stage = text;
    return render_history({run}, true);
  });
}

TEST_CASE("leases show text from outside as text", "[outside]") {
  check_view(4, [](const std::string& text) {
    ListedLease lease;
    lease.live.lease.label = text;
    lease.live.lease.holdings = {{Pool::vram, text, 1}};
    lease.user = text;
    lease.command = text;
    return render_leases_text({lease});
  });
}

TEST_CASE("diagnostics show text from outside as text", "[outside]") {
  check_view(2, [](const std::string& text) {
    return render_diagnostics({{0, 0, text}}, text, "");
  });
  // The caret stays below the mistake, behind the six columns of \u009b.
  CHECK(render_diagnostics({{1, 3, "no"}}, "s",
                           "a\xc2\x9b"
                           "b") ==
        "s:1:3: error: no\n"
        "    1 | a\\u009bb\n"
        "      |        ^\n");
}

TEST_CASE("a label is text", "[outside]") {
  CHECK(check_label("HTML \\n h\xc3\xa9"));
  CHECK_FALSE(check_label(kHostile));
  for (const char* text :
       {"", "a\nb", "\x1b", "\xc2\x9b", "\xe2\x80\xae", "\xff"})
    CHECK_FALSE(check_label(text));
}
