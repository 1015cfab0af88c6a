#include <sys/stat.h>
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

// The leases of one user.
class Folder {
 public:
  Folder() {
    Result<LeaseHome> home =
        open_lease_home({{files_.root(), FolderCandidate::Missing::make}},
                        ::geteuid(), ::geteuid());
    REQUIRE(home);
    home_ = std::move(*home);
  }

  LeaseFolder& get() { return home_.own; }

  // A lease of 1 GiB held by `pid`.
  void lease(int pid, LeaseKind kind = LeaseKind::held,
             std::uint64_t time_namespace = 0) {
    Lease lease;
    lease.id = id(static_cast<unsigned>(pid));
    lease.kind = kind;
    lease.holder = {pid, 77, 1, "boot", time_namespace};
    lease.taken = 1000 * kSecond;
    lease.since = 5000;
    lease.holdings = {{Pool::ram, "", 1024 * kMiB}};
    REQUIRE(write_lease_file(
        home_.own,
        {lease.id, kind == LeaseKind::held ? LeaseName::Kind::lease
                                           : LeaseName::Kind::wait},
        format_lease(lease)));
  }

  static std::string id(unsigned number) {
    char text[17];
    std::snprintf(text, sizeof text, "%016x", number);
    return text;
  }

 private:
  MachineDir files_;
  LeaseHome home_;
};

// Leases, and the processes that hold them.
class Place : public Folder {
 public:
  // By the pid of the holder.
  Survey survey(std::uint64_t seconds_later = 1000,
                const std::vector<const LeaseFolder*>& others = {}) {
    Viewpoint view;
    view.self = {1, 1, 1, "boot"};
    view.now = (1000 + seconds_later) * kSecond;
    view.wall = 5000 + seconds_later;
    view.user = get().owner;
    view.ram = 512 * kMiB;
    std::vector<const LeaseFolder*> folders = {&get()};
    folders.insert(folders.end(), others.begin(), others.end());
    Survey found = survey_leases(proc.host(), folders, view);
    std::ranges::sort(found.live, {}, [](const LiveLease& one) {
      return one.lease.holder.pid;
    });
    return found;
  }

  FakeProc proc;
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

TEST_CASE("of another user's lease little is believed", "[share]") {
  // Whoever runs this is the other user, who owns the processes as well.
  Place place;
  Folder theirs;
  place.get().owner = theirs.get().owner + 1;
  const auto others = [&] {
    std::vector<LiveLease> found;
    for (LiveLease& one : place.survey(1000, {&theirs.get()}).live)
      if (one.owner == theirs.get().owner) found.push_back(std::move(one));
    return found;
  };
  place.proc.add(kFirst, 1, 20, "100");
  theirs.lease(kFirst);
  theirs.lease(kFirst + 1);  // no such process
  REQUIRE(others().size() == 1);
  CHECK(others()[0].lease.holder.pid == kFirst);
  CHECK(others()[0].used == 20 * kMiB);
  // Never more than the machine has.
  CHECK(others()[0].lease.holdings[0].bytes == 512 * kMiB);

  // The process must be the owner's; 1 is somebody else's in the folder here.
  theirs.get().owner = place.get().owner + 1;
  CHECK(others().empty());
}

TEST_CASE("a heap of files hides no other user's", "[share]") {
  Place place;
  Folder heap;
  Folder theirs;
  place.get().owner = theirs.get().owner + 1;
  for (int i = 0; i < 2100; ++i) heap.lease(20'000 + i);
  place.proc.add(kFirst, 1, 20, "100");
  theirs.lease(kFirst);
  const Survey survey = place.survey(1000, {&heap.get(), &theirs.get()});
  REQUIRE(survey.live.size() == 1);
  CHECK(survey.live[0].lease.holder.pid == kFirst);
  CHECK(survey.stale.empty());
}

TEST_CASE("a lease of another time namespace is left alone", "[share]") {
  Place place;
  place.proc.add(kFirst, 1, 20, "100");
  place.lease(kFirst, LeaseKind::held, 8);
  place.lease(kFirst + 1, LeaseKind::held, 8);  // no such process
  const Survey survey = place.survey(300);
  REQUIRE(survey.live.size() == 1);
  CHECK(survey.live[0].state == LeaseState::unseen);
  CHECK(survey.live[0].used == 0);
  // Told by the clock that both have.
  CHECK(survey.live[0].lease.taken == 1000 * kSecond);
  REQUIRE(survey.stale.size() == 1);
  CHECK(survey.stale[0].name.id ==
        Folder::id(static_cast<unsigned>(kFirst + 1)));
}

TEST_CASE("what a killed renewal left behind is swept", "[share]") {
  Place place;
  const LeaseName name{Folder::id(1), LeaseName::Kind::renewal};
  REQUIRE(write_lease_file(place.get(), name, "half"));
  CHECK(place.survey().stale.empty());  // may be under way
  const struct timespec old[2] = {};
  REQUIRE(::utimensat(place.get().fd.get(), format_lease_name(name).c_str(),
                      old, 0) == 0);
  const Survey survey = place.survey();
  CHECK(survey.live.empty());
  REQUIRE(survey.stale.size() == 1);
  CHECK(survey.stale[0].name == name);
}
