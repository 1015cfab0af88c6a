// A folder that is filled once: what is in the way is an error, and a link that
// somebody puts there leads nowhere.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "os/new_folder.h"

using namespace fitrun;
namespace fs = std::filesystem;

namespace {

struct Place {
  fs::path path;
  Place() {
    char made[] = "/tmp/fitrun-test-XXXXXX";
    REQUIRE(::mkdtemp(made) != nullptr);
    path = made;
  }
  ~Place() { fs::remove_all(path); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
};

}  // namespace

TEST_CASE("a new folder holds what was added", "[new_folder]") {
  const Place place;
  const auto folder = NewFolder::make(place.path / "a/b");
  REQUIRE(folder);
  CHECK(folder->add_folder("/proc/self"));
  CHECK(folder->add_file("/proc/self/stat", "text"));
  CHECK(folder->add_file("README.md", "more"));
  CHECK(fs::file_size(place.path / "a/b/proc/self/stat") == 4);
  CHECK(fs::file_size(place.path / "a/b/README.md") == 4);

  const auto again = NewFolder::make(place.path / "a/b");
  REQUIRE_FALSE(again);
  CHECK(again.error().message == (place.path / "a/b").string() + ": not empty");
  CHECK(NewFolder::make(place.path / "a/b/proc/self/stat/x").error().message ==
        (place.path / "a/b/proc/self/stat/x").string() + ": Not a directory");
  CHECK_FALSE(NewFolder::make(""));
}

TEST_CASE("nothing is written outside of a new folder", "[new_folder]") {
  const Place place;
  fs::create_directory(place.path / "elsewhere");
  const auto folder = NewFolder::make(place.path / "machine");
  REQUIRE(folder);
  // What another user does once the folder was found to be empty.
  fs::create_directory_symlink(place.path / "elsewhere",
                               place.path / "machine/proc");
  fs::create_symlink(place.path / "elsewhere/made",
                     place.path / "machine/README.md");
  CHECK_FALSE(folder->add_file("/proc/meminfo", "text"));
  CHECK_FALSE(folder->add_folder("/proc/self"));
  CHECK_FALSE(folder->add_file("README.md", "text"));
  CHECK_FALSE(folder->add_file("/../elsewhere/x", "text"));
  // The folder itself, too, is not looked for again.
  fs::rename(place.path / "machine", place.path / "moved");
  fs::create_directory_symlink(place.path / "elsewhere",
                               place.path / "machine");
  CHECK(folder->add_file("/sys/online", "0"));
  CHECK(fs::exists(place.path / "moved/sys/online"));
  CHECK(fs::is_empty(place.path / "elsewhere"));
}
