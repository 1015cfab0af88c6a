#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "catch.h"
#include "fake_proc.h"
#include "machine_dir.h"
#include "share/survey.h"

using namespace fitrun;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr int kFirst = 10'000;  // pid

// Leases, and the processes that hold them.
class Place {
 public:
  Place() {
    Result<LeaseFolder> folder = open_lease_folder(
        {{leases_.root(), FolderCandidate::Missing::make}}, ::geteuid());
    REQUIRE(folder);
    folder_ = std::move(*folder);
  }

  // A lease of 1 GiB held by `pid`.
  void lease(int pid, LeaseKind kind = LeaseKind::held) {
    Lease lease;
    char id[17];
    std::snprintf(id, sizeof id, "%016x", static_cast<unsigned>(pid));
    lease.id = id;
    lease.kind = kind;
    lease.holder = {pid, 77, 1, "boot"};
    lease.taken = 1000 * kSecond;
    lease.holdings = {{Pool::ram, "", 1024 * kMiB}};
    REQUIRE(write_lease_file(folder_,
                             {::geteuid(), id,
                              kind == LeaseKind::held ? LeaseName::Kind::lease
                                                      : LeaseName::Kind::wait},
                             format_lease(lease)));
  }

  // By the pid of the holder.
  Survey survey(std::uint64_t seconds_later = 1000) const {
    const Viewpoint view{{1, 1, 1, "boot"}, (1000 + seconds_later) * kSecond};
    Survey found = survey_leases(proc.host(), folder_, view, ::geteuid());
    std::ranges::sort(found.live, {}, [](const LiveLease& one) {
      return one.lease.holder.pid;
    });
    return found;
  }

  FakeProc proc;

 private:
  MachineDir leases_;
  LeaseFolder folder_;
};

// `n` launches that hold leases, each tenth with a child.
void add_launches(Place& place, int n) {
  for (int pid = kFirst; pid < kFirst + n; ++pid) {
    const bool parent = pid % 10 == 0;
    const int child = pid + 10'000;
    place.lease(pid);
    place.proc.add(pid, 1, 20, "100", parent ? std::to_string(child) : "");
    if (parent) place.proc.add(child, pid, 300, "200");
  }
}

}  // namespace

TEST_CASE("leases are the same whether few or many are read", "[share]") {
  // Up to 64 holders are asked for their children. More are looked for among
  // all processes, unless there are many others.
  const auto [n, others] = GENERATE(
      table<int, bool>({{20, false}, {70, false}, {70, true}, {200, false}}));
  CAPTURE(n, others);
  Place place;
  add_launches(place, n);
  for (int pid = 100; others && pid < 100 + n / 2; ++pid)
    place.proc.write(
        std::to_string(pid) + "/stat",
        stat_line(std::to_string(pid) + " (a)", 'S', 1, 1, 77, 9999, "300"));
  const Survey survey = place.survey();
  CHECK(survey.stale.empty());
  REQUIRE(survey.live.size() == static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    const LiveLease& one = survey.live[static_cast<std::size_t>(i)];
    const int pid = kFirst + i;
    CAPTURE(pid);
    CHECK(one.lease.holder.pid == pid);
    CHECK(one.state == LeaseState::running);
    CHECK(one.used == (pid % 10 == 0 ? 320 : 20) * kMiB);
    CHECK(one.pids == (pid % 10 == 0 ? std::vector<pid_t>{pid, pid + 10'000}
                                     : std::vector<pid_t>{pid}));
  }
}

TEST_CASE("among many leases each is judged by its own holder", "[share]") {
  Place place;
  add_launches(place, 100);
  const auto become = [&](int pid, char state, int start) {
    place.proc.write(std::to_string(pid) + "/stat",
                     stat_line(std::to_string(pid) + " (a)", state, 1, 1, start,
                               9999, "100"));
  };
  become(kFirst + 1, 'Z', 77);
  become(kFirst + 2, 'S', 78);  // another one with the same pid
  become(kFirst + 3, 'T', 77);
  place.lease(5'000'000);  // no kernel has so many
  place.proc.add(kFirst + 200, 1, 20, "100");
  place.lease(kFirst + 200, LeaseKind::waiting);
  const Survey survey = place.survey();
  CHECK(survey.stale.size() == 3);
  REQUIRE(survey.live.size() == 99);
  CHECK(survey.live[1].lease.holder.pid == kFirst + 3);
  CHECK(survey.live[1].state == LeaseState::stopped);
  CHECK(survey.live[98].lease.kind == LeaseKind::waiting);
  CHECK(survey.live[98].pids == std::vector<pid_t>{kFirst + 200});
  CHECK(survey.live[98].used == 0);
}
