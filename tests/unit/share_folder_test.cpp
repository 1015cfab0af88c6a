#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>

#include "catch.h"
#include "scratch.h"
#include "share/folder.h"
#include "share/lease_file.h"
#include "share/lock.h"

using namespace fitrun;

namespace {

std::vector<std::string> paths(const std::vector<FolderCandidate>& all) {
  std::vector<std::string> found;
  for (const FolderCandidate& one : all) found.push_back(one.path);
  return found;
}

Result<LeaseHome> open_home(const std::vector<FolderCandidate>& candidates) {
  return open_lease_home(candidates, ::geteuid(), ::geteuid());
}

Result<LeaseHome> open_at(const std::string& path) {
  return open_home({{path, FolderCandidate::Missing::make}});
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

constexpr char kId[] = "00112233445566ff";

}  // namespace

TEST_CASE("the folder depends on the machine and the user", "[share]") {
  CHECK(paths(folder_candidates(std::nullopt, "/run/user/7", 7)) ==
        std::vector<std::string>{"/run/fitrun", "/run/user/7/fitrun",
                                 "/run/user/7/fitrun", "/dev/shm/fitrun-7",
                                 "/tmp/fitrun-7"});
  CHECK(paths(folder_candidates(std::nullopt, std::nullopt, 7)) ==
        std::vector<std::string>{"/run/fitrun", "/run/user/7/fitrun",
                                 "/dev/shm/fitrun-7", "/tmp/fitrun-7"});
  // Nobody else can make root's own in /run.
  CHECK(paths(folder_candidates("", "relative", 0)) ==
        std::vector<std::string>{"/run/fitrun", "/run/user/0/fitrun",
                                 "/run/fitrun-0", "/dev/shm/fitrun-0",
                                 "/tmp/fitrun-0"});
  CHECK(paths(folder_candidates("/srv/leases", "/run/user/7", 7))[0] ==
        "/srv/leases");
  // Only an administrator makes the shared folder.
  CHECK(folder_candidates(std::nullopt, std::nullopt, 7)[0].missing ==
        FolderCandidate::Missing::pass_over);
}

TEST_CASE("a folder is ours alone, or sticky and the administrator's",
          "[share]") {
  const auto reach = [](mode_t mode, uid_t owner) -> std::string {
    const Result<Reach> r = judge_folder(S_IFDIR | mode, owner, 7);
    if (!r) return r.error().message;
    return *r == Reach::one_user ? "one" : "all";
  };
  CHECK(reach(0700, 7) == "one");
  CHECK(reach(0755, 7) == "one");
  CHECK(reach(01777, 0) == "all");
  CHECK(reach(01777, 7) == "all");
  CHECK(reach(01770, 0) == "all");
  CHECK(reach(0700, 8) == "belongs to another user");
  CHECK(reach(0755, 0) == "belongs to another user");
  CHECK(reach(0777, 0) == "others may write to it and it is not sticky");
  CHECK(reach(0770, 7) == "others may write to it and it is not sticky");
  CHECK(reach(01777, 8) == "is shared, but neither root's nor ours");
}

TEST_CASE("a missing folder is made for its user alone", "[share]") {
  const Scratch scratch;
  const Result<LeaseHome> home = open_at(scratch / "new");
  REQUIRE(home);
  CHECK(mode_of(scratch / "new") == 0700);
  CHECK(mode_of(scratch / "new/lock") == 0600);
  CHECK(home->own.reach == Reach::one_user);
  CHECK_FALSE(home->shared);
  CHECK_FALSE(open_at(scratch / "no/such/parent"));
}

TEST_CASE("what is no folder, or a link to one, is refused", "[share]") {
  const Scratch scratch;
  REQUIRE(open_at(scratch / "real"));
  REQUIRE(::symlink((scratch / "real").c_str(), (scratch / "link").c_str()) ==
          0);
  std::ofstream(scratch / "file") << "x";
  CHECK_FALSE(open_at(scratch / "link"));
  CHECK_FALSE(open_at(scratch / "file"));
  // The next candidate is tried, but not where the user has said which one.
  using Missing = FolderCandidate::Missing;
  const Result<LeaseHome> home =
      open_home({{scratch / "gone", Missing::pass_over},
                 {scratch / "link", Missing::make},
                 {scratch / "real", Missing::make}});
  REQUIRE(home);
  CHECK(home->where == scratch / "real");
  CHECK_FALSE(open_home({{scratch / "link", Missing::make, false, true},
                         {scratch / "real", Missing::make}}));
}

TEST_CASE("a folder in the user's own needs one", "[share]") {
  const Scratch scratch;
  using Missing = FolderCandidate::Missing;
  REQUIRE(::mkdir((scratch / "run").c_str(), 0700) == 0);
  REQUIRE(::chmod((scratch / "run").c_str(), 0770) == 0);
  CHECK_FALSE(open_home({{scratch / "run/fitrun", Missing::make, true}}));
  CHECK(mode_of(scratch / "run/fitrun") == 0);  // and nothing is made there
  REQUIRE(::chmod((scratch / "run").c_str(), 0700) == 0);
  CHECK(open_home({{scratch / "run/fitrun", Missing::make, true}}));
  // As another user would find it.
  CHECK_FALSE(open_lease_home({{scratch / "run/fitrun", Missing::make, true}},
                              ::geteuid() + 1, ::geteuid() + 1));
}

TEST_CASE("in a shared folder each user has one", "[share]") {
  const Scratch scratch;
  const std::string shared = scratch / "d";
  REQUIRE(::mkdir(shared.c_str(), 0700) == 0);
  REQUIRE(::chmod(shared.c_str(), 01777) == 0);
  const mode_t mask = ::umask(0077);
  const Result<LeaseHome> home = open_at(shared);
  REQUIRE(home);
  const LeaseName name{kId, LeaseName::Kind::lease};
  const Result<void> written = write_lease_file(home->own, name, "text");
  ::umask(mask);
  REQUIRE(written);
  // Others can read a lease, whatever the umask, and have no part in the lock.
  const std::string own = shared + "/" + std::to_string(::geteuid());
  CHECK(home->own.reach == Reach::all_users);
  CHECK(home->own.path == own);
  CHECK(home->where == shared);
  CHECK(mode_of(own) == 0755);
  CHECK(mode_of(own + "/lock") == 0600);
  CHECK(mode_of(own + "/" + format_lease_name(name)) == 0644);

  // What is not its user's is no folder of that user.
  const uid_t other = ::geteuid() + 1;
  REQUIRE(::mkdir((shared + "/" + std::to_string(other)).c_str(), 0755) == 0);
  const auto folders = open_folders_of(*home, {::geteuid(), other, other + 1});
  REQUIRE(folders.size() == 1);
  CHECK(folders[0].owner == ::geteuid());
  REQUIRE(read_lease_file(folders[0], name));
}

TEST_CASE("a name that somebody took costs its user the sharing alone",
          "[share]") {
  const Scratch scratch;
  const std::string shared = scratch / "d";
  REQUIRE(::mkdir(shared.c_str(), 0700) == 0);
  REQUIRE(::chmod(shared.c_str(), 01777) == 0);
  const std::string own = shared + "/" + std::to_string(::geteuid());
  std::ofstream(own) << "x";
  using Missing = FolderCandidate::Missing;
  const Result<LeaseHome> home =
      open_home({{shared, Missing::make, false, true},
                 {scratch / "private", Missing::make}});
  REQUIRE(home);
  CHECK(home->where == scratch / "private");
  CHECK_FALSE(home->shared);
  CHECK(home->alone.starts_with(own + ": "));
}

TEST_CASE("who waited for the shared lock in vain spares others the wait",
          "[share]") {
  const Scratch scratch;
  const std::string shared = scratch / "d";
  REQUIRE(::mkdir(shared.c_str(), 0700) == 0);
  REQUIRE(::chmod(shared.c_str(), 01777) == 0);
  const Result<LeaseHome> home = open_at(shared);
  REQUIRE(home);
  const auto seconds_to_lock = [&](bool& held, std::string& missed) {
    const auto start = std::chrono::steady_clock::now();
    held = lock_home(*home, missed).held();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  bool held = false;
  std::string missed;
  seconds_to_lock(held, missed);
  CHECK((held && missed.empty()));
  {
    const Fd keeper(::open(shared.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(::flock(keeper.get(), LOCK_EX) == 0);
    CHECK(seconds_to_lock(held, missed) >= 0.5);
    CHECK((held && !missed.empty()));
    // The quickest of a few: something else may keep the machine.
    double least = 1;
    for (int i = 0; i < 5; ++i) {
      missed.clear();
      least = std::min(least, seconds_to_lock(held, missed));
      CHECK((held && !missed.empty()));
    }
    CHECK(least < 0.4);
  }
  missed.clear();
  seconds_to_lock(held, missed);
  CHECK((held && missed.empty()));
}

TEST_CASE("a level is the same by every path that leads to it", "[share]") {
  const Scratch scratch;
  REQUIRE(::mkdir((scratch / "a").c_str(), 0700) == 0);
  REQUIRE(::mkdir((scratch / "a/b").c_str(), 0700) == 0);
  const std::vector<std::string> levels = levels_of({scratch / "a/b"});
  REQUIRE(levels.size() >= 3);
  CHECK(levels[0] == level_id(scratch / "a/b"));
  CHECK(levels[1] == level_id(scratch / "a"));
  CHECK(levels[1] == level_id(scratch / "a/b/.."));
  CHECK(levels[0] != levels[1]);
  CHECK(level_id(scratch / "none") == "");
  CHECK(level_id("slurm:17") == "slurm:17");
  CHECK(levels_of({scratch / "none"}).empty());
  // Each once, whatever was asked for first.
  CHECK(levels_of({scratch / "a/b", "slurm:17", scratch / "a"}).size() ==
        levels.size() + 1);
  CHECK(levels_of({scratch / "a", scratch / "a/b"}).size() == levels.size());
  // Another file system is another hierarchy.
  const std::vector<std::string> proc = levels_of({"/proc/self"});
  CHECK(proc.size() == 2);
}
