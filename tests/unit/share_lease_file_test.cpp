#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "catch.h"
#include "scratch.h"
#include "share/lease.h"
#include "share/lease_file.h"

using namespace fitrun;

namespace {

LeaseFolder open_at(const std::string& path) {
  Result<LeaseHome> home = open_lease_home(
      {{path, FolderCandidate::Missing::make}}, ::geteuid(), ::geteuid());
  REQUIRE(home);
  return std::move((*home).own);
}

constexpr char kId[] = "00112233445566ff";

}  // namespace

TEST_CASE("a lease's name is its id", "[share]") {
  using Kind = LeaseName::Kind;
  for (const auto& [text, kind] :
       {std::pair("00112233445566ff.lease", Kind::lease),
        std::pair("00112233445566ff.wait", Kind::wait),
        std::pair("00112233445566ff.new", Kind::renewal)}) {
    const auto name = parse_lease_name(text);
    REQUIRE(name);
    CHECK(name->id == kId);
    CHECK(name->kind == kind);
    CHECK(format_lease_name(*name) == text);
  }
  for (const char* text :
       {"", "lock", ".", "..", ".lease", "00112233445566ff",
        "00112233445566ff.leas", "00112233445566ff.lease~",
        "1000-00112233445566ff.lease", "00112233445566fg.lease", "0011.lease",
        "00112233445566FF.lease", "lease.00112233445566ff"})
    CHECK_FALSE(parse_lease_name(text));
}

TEST_CASE("lease files are written, listed, read and removed", "[share]") {
  const Scratch scratch;
  const LeaseFolder folder = open_at(scratch / "d");
  const LeaseName name{kId, LeaseName::Kind::lease};
  REQUIRE(write_lease_file(folder, name, "text"));
  CHECK_FALSE(write_lease_file(folder, name, "again"));
  std::ofstream(scratch / "d/readme") << "no lease";
  const auto all = list_leases(folder, 100);
  REQUIRE(all.size() == 1);
  CHECK(all[0].id == kId);
  const Result<LeaseFile> file = read_lease_file(folder, name);
  REQUIRE(file);
  CHECK(file->text == "text");
  struct stat info {};
  REQUIRE(::stat((scratch / ("d/" + format_lease_name(name))).c_str(), &info) ==
          0);
  CHECK((info.st_mode & 07777) == 0600);
  remove_lease_file(folder, name);
  CHECK(list_leases(folder, 100).empty());
  CHECK_FALSE(read_lease_file(folder, name));
}

TEST_CASE("a launch killed while it writes its lease leaves no file behind",
          "[share]") {
  const Scratch scratch;
  const LeaseFolder folder = open_at(scratch / "d");
  if (!Fd(::openat(folder.fd.get(), ".", O_WRONLY | O_TMPFILE, 0600)))
    return;  // such a file system
  const LeaseName name{kId, LeaseName::Kind::lease};
  const pid_t child = ::fork();
  if (child == 0) {
    // The kernel kills whoever gives the file its name.
    sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_linkat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog filter{std::size(steps), steps};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
    (void)write_lease_file(folder, name, "text");
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGSYS);
  for (const auto& left : std::filesystem::directory_iterator(scratch / "d"))
    CHECK(left.path().filename() == "lock");
}

TEST_CASE("a name that is not what it says is not read", "[share]") {
  const Scratch scratch;
  const LeaseFolder folder = open_at(scratch / "d");
  const LeaseName name{kId, LeaseName::Kind::lease};
  const std::string path = scratch / ("d/" + format_lease_name(name));

  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK_FALSE(read_lease_file(folder, name));  // and does not wait
  ::unlink(path.c_str());
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  CHECK_FALSE(read_lease_file(folder, name));
  ::rmdir(path.c_str());
  std::ofstream(scratch / "target") << "text";
  REQUIRE(::symlink((scratch / "target").c_str(), path.c_str()) == 0);
  CHECK_FALSE(read_lease_file(folder, name));
  ::unlink(path.c_str());
  REQUIRE(write_lease_file(folder, name, "text"));
  CHECK(read_lease_file(folder, name));
  // The owner of the file is the owner of the folder.
  LeaseFolder theirs = open_at(scratch / "d");
  ++theirs.owner;
  CHECK_FALSE(read_lease_file(theirs, name));

  REQUIRE(::truncate(path.c_str(), off_t{1} << 40) == 0);
  const Result<LeaseFile> huge = read_lease_file(folder, name);
  REQUIRE(huge);
  CHECK(huge->text.size() == kLargestLease + 1);  // no lease is as long
}

TEST_CASE("no more names are looked at than wanted", "[share]") {
  const Scratch scratch;
  const LeaseFolder folder = open_at(scratch / "d");
  for (const char* id : {"0000000000000001", "0000000000000002",
                         "0000000000000003", "0000000000000004"})
    REQUIRE(write_lease_file(folder, {id, LeaseName::Kind::lease}, "text"));
  CHECK(list_leases(folder, 100).size() == 4);
  // With ".", ".." and the lock among them.
  CHECK(list_leases(folder, 3).size() <= 3);
  CHECK(list_leases(folder, 0).empty());
}

TEST_CASE("a renewed lease is the new one, and no other file is left",
          "[share]") {
  const Scratch scratch;
  const LeaseFolder folder = open_at(scratch / "d");
  const LeaseName name{kId, LeaseName::Kind::lease};
  REQUIRE(write_lease_file(folder, name, "text"));
  const Result<LeaseFile> before = read_lease_file(folder, name);
  REQUIRE(before);
  // After one that was killed half way, too.
  REQUIRE(write_lease_file(folder, {kId, LeaseName::Kind::renewal}, "half"));
  REQUIRE(renew_lease_file(folder, name, "renewed"));
  const Result<LeaseFile> after = read_lease_file(folder, name);
  REQUIRE(after);
  CHECK(after->text == "renewed");
  CHECK(list_leases(folder, 100) == std::vector<LeaseName>{name});
}
