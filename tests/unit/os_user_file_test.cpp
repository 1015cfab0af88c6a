// Files of the user's: what stays, what is refused, and that nothing is lost.
// Mount points and other users are in e2e/measure_writes.sh.

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "catch.h"
#include "os/user_file.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
namespace fs = std::filesystem;

namespace {

struct Folder {
  std::string path;
  Folder() {
    char made[] = "/tmp/fitrun-test-XXXXXX";
    REQUIRE(::mkdtemp(made) != nullptr);
    path = made;
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const {
    return path + "/" + name;
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

void put(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

std::string contents(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct stat about(const std::string& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info;
}

UserFile opened(const std::string& path) {
  return UserFile::open(path).value();
}

std::string refusal(const std::string& path) {
  const auto file = UserFile::open(path);
  return file ? "" : file.error().message;
}

}  // namespace

TEST_CASE("a file takes the old one's place in one step", "[user_file]") {
  const Folder folder;
  const std::string path = folder / "s.toml";
  put(path, "old");
  ::chmod(path.c_str(), 0640);
  if (::geteuid() == 0) REQUIRE(::chown(path.c_str(), 12, 34) == 0);
  REQUIRE(::setxattr(path.c_str(), "user.note", "mine", 4, 0) == 0);
  const struct stat before = about(path);
  const int reader = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);

  UserFile file = opened(path);
  CHECK(file.text() == "old");
  REQUIRE(std::move(file).write("new"));
  CHECK(contents(path) == "new");
  // Who had it open still reads the old text, whole.
  char text[8] = {};
  CHECK(::read(reader, text, sizeof text) == 3);
  CHECK(std::string(text) == "old");
  ::close(reader);

  const struct stat after = about(path);
  CHECK(after.st_ino != before.st_ino);
  CHECK(after.st_mode == before.st_mode);
  CHECK(after.st_uid == before.st_uid);
  CHECK(after.st_gid == before.st_gid);
  char note[8] = {};
  CHECK(::getxattr(path.c_str(), "user.note", note, sizeof note) == 4);
  CHECK(folder.entries() == 1);
}

TEST_CASE("what a folder hands down is not added to a file", "[user_file]") {
  const Folder folder;
  const std::string path = folder / "s.toml";
  put(path, "old");
  // Version 2: user::rwx, user:12:rwx, group::rwx, mask::rwx, other::---.
  const unsigned char list[] = {2,  0, 0, 0,                          //
                                1,  0, 7, 0, 0xff, 0xff, 0xff, 0xff,  //
                                2,  0, 7, 0, 12,   0,    0,    0,     //
                                4,  0, 7, 0, 0xff, 0xff, 0xff, 0xff,  //
                                16, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,  //
                                32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
  if (::setxattr(folder.path.c_str(), "system.posix_acl_default", list,
                 sizeof list, 0) != 0) {
    WARN("SKIPPED: no access lists in /tmp");
    return;
  }
  const mode_t mode = about(path).st_mode;
  const ino_t inode = about(path).st_ino;
  REQUIRE(opened(path).write("new"));
  CHECK(about(path).st_ino != inode);
  CHECK(about(path).st_mode == mode);
  CHECK(::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) == -1);
}

TEST_CASE("hard links stay one file", "[user_file]") {
  const Folder folder;
  put(folder / "a", "old text");
  fs::create_hard_link(folder / "a", folder / "b");
  for (const std::string text : {"longer than the old text", "short", ""}) {
    REQUIRE(opened(folder / "a").write(text));
    CHECK(contents(folder / "a") == text);
    CHECK(contents(folder / "b") == text);
  }
  CHECK(about(folder / "a").st_nlink == 2);
  CHECK(folder.entries() == 2);
}

TEST_CASE("a link stays a link, to the file that was written", "[user_file]") {
  const Folder folder;
  fs::create_directory(folder / "real");
  put(folder / "real/s.toml", "old");
  fs::create_symlink("real/s.toml", folder / "s.toml");
  REQUIRE(opened(folder / "s.toml").write("new"));
  CHECK(fs::is_symlink(folder / "s.toml"));
  CHECK(contents(folder / "real/s.toml") == "new");
  fs::create_symlink("nowhere", folder / "dangling");
  CHECK(refusal(folder / "dangling") ==
        folder / "dangling: a link to a file that is not there");
}

TEST_CASE("only the text that was read is replaced", "[user_file]") {
  const Folder folder;
  const std::string path = folder / "s.toml";
  const auto edited = [&](const auto& edit) {
    put(path, "old");
    UserFile file = opened(path);
    edit();
    const auto done = std::move(file).write("ours");
    REQUIRE_FALSE(done);
    CHECK(done.error().message ==
          path + ": changed since it was read: nothing was written");
  };
  edited([&] { put(path, "two"); });
  CHECK(contents(path) == "two");
  edited([&] { put(path, "old and more"); });
  CHECK(contents(path) == "old and more");
  // As most editors save: the old file lives on, and nobody sees it.
  edited([&] {
    put(folder / "saved", "old");
    fs::rename(folder / "saved", path);
  });
  CHECK(contents(path) == "old");
  edited([&] { fs::remove(path); });
  CHECK(folder.entries() == 0);
}

TEST_CASE("a new file has no name before it is whole", "[user_file]") {
  const Folder folder;
  const std::string path = folder / "plot.svg";
  UserFile file = opened(path);
  CHECK(file.text().empty());
  CHECK(file.is_new());
  CHECK(folder.entries() == 0);
  const mode_t mask = ::umask(027);
  CHECK(std::move(file).write("new"));
  ::umask(mask);
  CHECK(contents(path) == "new");
  CHECK((about(path).st_mode & 07777) == 0640);
  CHECK(folder.entries() == 1);

  // Somebody else's by then.
  UserFile late = opened(folder / "late");
  put(folder / "late", "theirs");
  const auto done = std::move(late).write("ours");
  REQUIRE_FALSE(done);
  CHECK(done.error().message == folder / "late: File exists");
  CHECK(contents(folder / "late") == "theirs");
}

TEST_CASE("nothing but a regular file is written", "[user_file]") {
  const Folder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  fs::create_symlink("/dev/null", folder / "null");
  for (const std::string& path :
       {folder / "fifo", folder / "null", std::string("/dev/null")})
    CHECK(refusal(path) == path + ": not a regular file");
  CHECK(S_ISFIFO(about(folder / "fifo").st_mode));
  CHECK(refusal(folder.path) == folder.path + ": Is a directory");
  CHECK(refusal(folder / "none/x") ==
        folder / "none/x: No such file or directory");
  CHECK(refusal(folder / "fifo/x") == folder / "fifo/x: Not a directory");
  CHECK(refusal("") == ": No such file or directory");
  put(folder / "large", "");
  fs::resize_file(folder / "large", (16U << 20) + 1);
  CHECK_THAT(refusal(folder / "large"), ContainsSubstring("larger than"));
}

TEST_CASE("a file that cannot grow keeps its text", "[user_file]") {
  const Folder folder;
  std::string old(3000, 'o');
  put(folder / "a", old);
  fs::create_hard_link(folder / "a", folder / "b");  // written in place
  struct rlimit limit {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const auto written = [&](const std::string& path, std::size_t size) {
    UserFile file = opened(path);
    struct rlimit small = limit;
    small.rlim_cur = 2000;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const auto done = std::move(file).write(std::string(size, 'n'));
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    return done ? "" : done.error().message;
  };
  CHECK(written(folder / "a", 4000) == folder / "a: File too large");
  CHECK(contents(folder / "a") == old);
  // 2000 bytes of it are overwritten before it is noticed.
  CHECK(written(folder / "a", 2500) == folder / "a: File too large");
  CHECK(contents(folder / "a") == old);
  CHECK(written(folder / "fresh", 4000) == folder / "fresh: File too large");
  CHECK(folder.entries() == 2);
}
