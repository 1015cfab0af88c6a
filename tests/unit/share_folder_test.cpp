#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "catch.h"
#include "share/folder.h"
#include "share/lease.h"
#include "share/lock.h"

using namespace fitrun;

namespace {

std::vector<std::string> paths(const std::vector<FolderCandidate>& all) {
  std::vector<std::string> found;
  for (const FolderCandidate& one : all) found.push_back(one.path);
  return found;
}

// A folder that is gone at the end.
class Scratch {
 public:
  Scratch() {
    char name[] = "/tmp/fitrun-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Scratch() { std::system(("rm -rf " + path_).c_str()); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(const std::string& leaf) const {
    return path_ + "/" + leaf;
  }

 private:
  std::string path_;
};

Result<LeaseFolder> open_at(const std::string& path) {
  return open_lease_folder({{path, FolderCandidate::Missing::make}},
                           ::geteuid());
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
  CHECK(paths(folder_candidates("", "relative", 0)) ==
        std::vector<std::string>{"/run/fitrun", "/run/user/0/fitrun",
                                 "/dev/shm/fitrun-0", "/tmp/fitrun-0"});
  CHECK(paths(folder_candidates("/srv/leases", "/run/user/7", 7)) ==
        std::vector<std::string>{"/srv/leases"});
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
  const Result<LeaseFolder> folder = open_at(scratch / "new");
  REQUIRE(folder);
  struct stat info {};
  REQUIRE(::stat((scratch / "new").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0700);
  CHECK(folder->reach == Reach::one_user);
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
  // The next candidate is tried.
  const Result<LeaseFolder> folder = open_lease_folder(
      {{scratch / "gone", FolderCandidate::Missing::pass_over},
       {scratch / "link", FolderCandidate::Missing::make},
       {scratch / "real", FolderCandidate::Missing::make}},
      ::geteuid());
  REQUIRE(folder);
  CHECK(folder->path == scratch / "real");
}

TEST_CASE("a lease's name says whose it is", "[share]") {
  const auto name = parse_lease_name("1000-00112233445566ff.lease");
  REQUIRE(name);
  CHECK(name->owner == 1000);
  CHECK(name->id == kId);
  CHECK(name->kind == LeaseName::Kind::lease);
  CHECK(parse_lease_name("0-00112233445566ff.wait")->kind ==
        LeaseName::Kind::wait);
  for (const char* text :
       {"", "lock", ".", "..", "-", "1000-.lease", "00112233445566ff.lease",
        "1000-00112233445566ff", "1000-00112233445566ff.leas",
        "1000-00112233445566ff.lease~", "01000-00112233445566ff.lease",
        "+1000-00112233445566ff.lease", "4294967296-00112233445566ff.lease",
        "1000-00112233445566fg.lease", "1000-0011.lease",
        "1000.00112233445566-ff"})
    CHECK_FALSE(parse_lease_name(text));
}

TEST_CASE("lease files are written, listed, read and removed", "[share]") {
  const Scratch scratch;
  const Result<LeaseFolder> folder = open_at(scratch / "d");
  REQUIRE(folder);
  const LeaseName name{::geteuid(), kId, LeaseName::Kind::lease};
  REQUIRE(write_lease_file(*folder, name, "text"));
  CHECK_FALSE(write_lease_file(*folder, name, "again"));
  std::ofstream(scratch / "d/readme") << "no lease";
  const auto all = list_leases(*folder, ::geteuid());
  REQUIRE(all.size() == 1);
  CHECK(all[0].id == kId);
  const Result<LeaseFile> file = read_lease_file(*folder, name);
  REQUIRE(file);
  CHECK(file->text == "text");
  struct stat info {};
  REQUIRE(::stat((scratch / ("d/" + format_lease_name(name))).c_str(), &info) ==
          0);
  CHECK((info.st_mode & 07777) == 0600);
  remove_lease_file(*folder, name);
  CHECK(list_leases(*folder, ::geteuid()).empty());
  CHECK_FALSE(read_lease_file(*folder, name));
}

TEST_CASE("a launch killed while it writes its lease leaves no file behind",
          "[share]") {
  const Scratch scratch;
  const Result<LeaseFolder> folder = open_at(scratch / "d");
  REQUIRE(folder);
  if (!Fd(::openat(folder->fd.get(), ".", O_WRONLY | O_TMPFILE, 0600)))
    return;  // such a file system
  const LeaseName name{::geteuid(), kId, LeaseName::Kind::lease};
  const pid_t child = ::fork();
  if (child == 0) {
    // The kernel kills whoever writes a byte.
    const struct rlimit none {};
    ::setrlimit(RLIMIT_FSIZE, &none);
    ::signal(SIGXFSZ, SIG_DFL);
    (void)write_lease_file(*folder, name, "text");
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(list_leases(*folder, ::geteuid()).empty());
}

TEST_CASE("in a shared folder others can read a lease, whatever the umask",
          "[share]") {
  const Scratch scratch;
  REQUIRE(::mkdir((scratch / "d").c_str(), 0700) == 0);
  REQUIRE(::chmod((scratch / "d").c_str(), 01777) == 0);
  const Result<LeaseFolder> folder = open_at(scratch / "d");
  REQUIRE(folder);
  CHECK(folder->reach == Reach::all_users);
  const mode_t mask = ::umask(0077);
  const LeaseName name{::geteuid(), kId, LeaseName::Kind::lease};
  const Result<void> written = write_lease_file(*folder, name, "text");
  ::umask(mask);
  REQUIRE(written);
  struct stat info {};
  REQUIRE(::stat((scratch / ("d/" + format_lease_name(name))).c_str(), &info) ==
          0);
  CHECK((info.st_mode & 07777) == 0644);
}

TEST_CASE("a name that is not what it says is not read", "[share]") {
  const Scratch scratch;
  const Result<LeaseFolder> folder = open_at(scratch / "d");
  REQUIRE(folder);
  const LeaseName name{::geteuid(), kId, LeaseName::Kind::lease};
  const std::string path = scratch / ("d/" + format_lease_name(name));

  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK_FALSE(read_lease_file(*folder, name));  // and does not wait
  ::unlink(path.c_str());
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  CHECK_FALSE(read_lease_file(*folder, name));
  ::rmdir(path.c_str());
  std::ofstream(scratch / "target") << "text";
  REQUIRE(::symlink((scratch / "target").c_str(), path.c_str()) == 0);
  CHECK_FALSE(read_lease_file(*folder, name));
  ::unlink(path.c_str());
  REQUIRE(write_lease_file(*folder, name, "text"));
  CHECK(read_lease_file(*folder, name));
  const LeaseName lie{::geteuid() + 1, kId, LeaseName::Kind::lease};
  REQUIRE(write_lease_file(*folder, lie, "text"));
  CHECK_FALSE(read_lease_file(*folder, lie));

  REQUIRE(::truncate(path.c_str(), off_t{1} << 40) == 0);
  const Result<LeaseFile> huge = read_lease_file(*folder, name);
  REQUIRE(huge);
  CHECK(huge->text.size() == kLargestLease + 1);  // no lease is as long
}

TEST_CASE("the holder of a lock is found in /proc/locks", "[share]") {
  constexpr char kLocks[] =
      "1: POSIX  ADVISORY  WRITE 111 00:19:77 0 EOF\n"
      "2: FLOCK  ADVISORY  WRITE 222 00:19:770 0 EOF\n"
      "3: FLOCK  ADVISORY  WRITE 333 fe:00:77 0 EOF\n"
      "4: FLOCK  ADVISORY  WRITE 444 00:19:77 0 EOF\n"
      "4: -> FLOCK  ADVISORY  WRITE 555 00:19:77 0 EOF\n";
  CHECK(parse_lock_holder(kLocks, makedev(0, 0x19), 77) == 444);
  CHECK(parse_lock_holder(kLocks, makedev(0xfe, 0), 77) == 333);
  CHECK(parse_lock_holder(kLocks, makedev(0, 0x19), 78) == 0);
  CHECK(parse_lock_holder("", makedev(0, 0x19), 77) == 0);
  CHECK(parse_lock_holder("4: FLOCK  ADVISORY  WRITE -1 00:19:77 0 EOF\n",
                          makedev(0, 0x19), 77) == 0);
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
