#include <string>

#include "catch.h"
#include "share/render_leases.h"

using namespace fitrun;

namespace {

std::vector<ListedLease> examples() {
  ListedLease build;
  build.live.lease.id = "00112233445566ff";
  build.live.lease.label = "HTML";
  build.live.lease.threads = 4;
  build.live.lease.holder.pid = 1234;
  build.live.lease.since = 1779278587;  // date -u -d @1779278587
  build.live.lease.holdings = {{Pool::ram, "", 16'100'000'000},
                               {Pool::vram, "GPU-1", 4'000'000'000}};
  build.live.owner = 1000;
  build.live.used = 2'100'000'000;
  build.live.pids = {1234, 1240};
  build.user = "ada";
  build.command = "./render --jobs 4";
  ListedLease queued;
  queued.live.lease.id = "00112233445566aa";
  queued.live.lease.within = "00112233445566ff";
  queued.live.lease.kind = LeaseKind::waiting;
  queued.live.lease.holder.pid = 77;
  queued.live.lease.since = 1779278588;
  queued.live.lease.holdings = {{Pool::ram, "", 8'000'000'000}};
  queued.live.owner = 0;
  queued.user = "root";
  build.held = {{1250, "./render --tile 3"}, {1251, ""}};
  return {build, queued};
}

}  // namespace

TEST_CASE("leases are shown as a table, one row for each memory", "[share]") {
  const std::string text =
      render_leases_text(examples(), {{"GPU-1", 1240, 1'000'000'000}});
  CHECK(text ==
        "LABEL  USER   PID  STATE    WORKERS  MEMORY   LEASED    USED  "
        "OUTSTANDING  SINCE                 COMMAND\n"
        "HTML   ada   1234  running        4  RAM     16.1 GB  2.1 GB  "
        "    14.0 GB  2026-05-20 12:03:07Z  ./render --jobs 4\n"
        "                                     GPU-1    4.0 GB  1.0 GB  "
        "     3.0 GB\n"
        "-      root    77  waiting        0  RAM      8.0 GB       -  "
        "          -  2026-05-20 12:03:08Z\n"
        "\n2 jobs of HTML (pid 1234) held, until there is room:\n"
        "     1250  ./render --tile 3\n"
        "     1251  -\n");
  CHECK(render_leases_text({}) == "no launch holds a lease\n");
}

TEST_CASE("leases are shown as JSON", "[share]") {
  CHECK(
      render_leases_json("/run/fitrun", examples()) ==
      R"({"folder":"/run/fitrun","leases":[{"id":"00112233445566ff",)"
      R"("label":"HTML","state":"running","pid":1234,"user":"ada","uid":1000,)"
      R"("threads":4,"since":"2026-05-20T12:03:07Z","within":null,)"
      R"("command":"./render --jobs 4","holdings":[{"pool":"ram",)"
      R"("leased":16100000000,"used":2100000000,"outstanding":14000000000},)"
      R"({"pool":"vram","device":"GPU-1","leased":4000000000,"used":0,)"
      R"("outstanding":4000000000}],"held":[{"pid":1250,)"
      R"("command":"./render --tile 3"},{"pid":1251,"command":""}]},)"
      R"({"id":"00112233445566aa","label":"",)"
      R"("state":"waiting","pid":77,"user":"root","uid":0,"threads":0,)"
      R"("since":"2026-05-20T12:03:08Z","within":"00112233445566ff",)"
      R"("command":"","holdings":[{"pool":"ram","leased":8000000000,)"
      R"("used":0,"outstanding":8000000000}],"held":[]}]})"
      "\n");
  CHECK(render_leases_json("", {}) == "{\"folder\":null,\"leases\":[]}\n");
}

TEST_CASE("another user's texts cannot command the terminal", "[share]") {
  std::vector<ListedLease> leases = examples();
  leases[0].held[0].command = "\x1b[2J";
  leases[0].live.lease.label = "a\x1b[2Jb\x7f";
  leases[0].command =
      "run\r\n\xc2\x9b"
      "2J\xc3\xa9 " +
      std::string(99, 'x');
  const std::string text = render_leases_text(leases);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\xc2\x9b") == std::string::npos);
  CHECK(text.find("a\\x1b[2Jb\\u007f") != std::string::npos);
  CHECK(text.find("run\\x0d\\x0a\\u009b2J\xc3\xa9 xxx") != std::string::npos);
  CHECK(text.find("xxx...\n") != std::string::npos);
  // Bytes that are no UTF-8 are still JSON.
  leases[0].command = "\xff\xfe";
  CHECK(render_leases_json("", leases).find("\"leases\"") != std::string::npos);
}

TEST_CASE("owners have names where the system knows them", "[share]") {
  LiveLease root, nobody_known;
  root.lease.id = "1";
  nobody_known.lease.id = "2";
  nobody_known.owner = 4'000'000'000;
  const auto all = listed(Host("/nowhere"), {root, nobody_known});
  REQUIRE(all.size() == 2);
  CHECK(all[0].user == "root");
  CHECK(all[1].user == "4000000000");
}
