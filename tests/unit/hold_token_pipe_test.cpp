#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "catch.h"
#include "hold/token_fifo.h"
#include "hold/token_pipe.h"

using namespace fitrun;

namespace {

// A client's step; whether it has got a token.
bool takes(const TokenEnds& ends) {
  char token = 0;
  return ::read(ends.takes.get(), &token, 1) == 1;
}

bool gives(const TokenEnds& ends) {
  return ::write(ends.gives.get(), "+", 1) == 1;
}

// Serves as long as it lives.
class Server {
 public:
  explicit Server(const TokenPipe& pipe) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    reads_ = Fd(ends[0]);
    tells_ = Fd(ends[1]);
    thread_ = std::thread([this, &pipe] {
      serve_tokens(pipe, reads_.get(), [this] { orphaned_ = true; });
    });
  }
  ~Server() {
    if (tells_) tell({0, 0, true});
    if (thread_.joinable()) thread_.join();
  }

  void tell(const TokenNews& news) const {
    REQUIRE(::write(tells_.get(), &news, sizeof news) == sizeof news);
  }
  void die() { tells_.reset(); }
  void join() { thread_.join(); }
  bool orphaned() const { return orphaned_; }

 private:
  Fd reads_;
  Fd tells_;
  std::thread thread_;
  std::atomic<bool> orphaned_ = false;
};

// A folder with a Makefile, and what make says of it with these tokens.
class Project {
 public:
  explicit Project(const std::string& makefile) {
    char name[] = "/tmp/fitrun-unit-XXXXXX";
    folder_ = ::mkdtemp(name);
    std::ofstream(folder_ + "/Makefile") << makefile;
  }
  ~Project() { std::filesystem::remove_all(folder_); }

  // make's exit status, of a process that has no other ends than TokenEnds.
  int make(const TokenEnds& ends, const std::string& options) const {
    REQUIRE(ends.bequeath());
    const std::string line = "cd " + folder_ + " && MAKEFLAGS='" +
                             ends.makeflags() + "' make " + options +
                             " > out 2>&1";
    const int status = std::system(line.c_str());
    return WEXITSTATUS(status);
  }

 private:
  std::string folder_;
};

bool has_make() {
  return std::system("make --version > /dev/null 2>&1") == 0;
}

}  // namespace

TEST_CASE("what is on offer can be taken back", "[jobserver]") {
  const auto pipe = TokenPipe::make(4).value();
  const auto ends = TokenEnds::of(pipe).value();
  CHECK(ends.takes.get() >= 10);
  CHECK(ends.gives.get() >= 10);
  CHECK(pipe.offered() == 0);
  CHECK(pipe.offer());
  CHECK(pipe.offer());
  CHECK(pipe.offered() == 2);
  CHECK(takes(ends));
  CHECK(pipe.offered() == 1);
  CHECK(pipe.withdraw());
  CHECK_FALSE(pipe.withdraw());
  CHECK(pipe.offered() == 0);
  CHECK(pipe.given_back() == 0);
  CHECK(gives(ends));
  CHECK(gives(ends));
  CHECK(pipe.given_back() == 2);
}

TEST_CASE("clients go on though every server is gone", "[jobserver]") {
  auto pipe = TokenPipe::make(4).value();
  const auto ends = TokenEnds::of(pipe).value();
  pipe = TokenPipe::make(4).value();
  CHECK(gives(ends));
  // Neither a token nor the end of the file.
  REQUIRE(::fcntl(ends.takes.get(), F_SETFL, O_NONBLOCK) == 0);
  char token = 0;
  CHECK(::read(ends.takes.get(), &token, 1) == -1);
  CHECK(errno == EAGAIN);
}

TEST_CASE("a FIFO has all tokens, as long as its command", "[jobserver]") {
  auto ends = make_token_fifo(4).value();
  REQUIRE(ends.bequeath());
  CHECK(ends.takes.get() >= 10);
  CHECK((::fcntl(ends.takes.get(), F_GETFD) & FD_CLOEXEC) == 0);
  const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" +
                           std::to_string(ends.takes.get());
  CHECK(ends.makeflags() == " -j4 --jobserver-auth=fifo:" + path);
  // As ninja does.
  const Fd takes(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const Fd gives(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(takes);
  REQUIRE(gives);
  char tokens[8];
  CHECK(::read(takes.get(), tokens, sizeof tokens) == 3);
  CHECK(::read(takes.get(), tokens, sizeof tokens) == -1);
  CHECK(errno == EAGAIN);
  CHECK(::write(gives.get(), tokens, 1) == 1);
  CHECK(::read(takes.get(), tokens, sizeof tokens) == 1);
  ends = {};
  CHECK(::access(path.c_str(), F_OK) == -1);
  // More than a pipe takes: no jobserver, and nobody waits.
  CHECK_FALSE(make_token_fifo(10'000'000));
}

TEST_CASE("a token that comes back with the end is counted", "[jobserver]") {
  const auto pipe = TokenPipe::make(4).value();
  const auto ends = TokenEnds::of(pipe).value();
  pipe.gone() = 1;  // to the client that gives it back
  CHECK(gives(ends));
  int news[2];
  REQUIRE(::pipe(news) == 0);
  const Fd reads(news[0]);
  const Fd tells(news[1]);
  const TokenNews ended{0, 0, true};
  REQUIRE(::write(tells.get(), &ended, sizeof ended) == sizeof ended);
  serve_tokens(pipe, reads.get(), [] {});
  CHECK(pipe.gone() == pipe.offered());
}

TEST_CASE("all tokens come back from make", "[jobserver]") {
  if (!has_make()) {
    WARN("SKIPPED: no make");
    return;
  }
  const auto pipe = TokenPipe::make(4).value();
  const auto ends = TokenEnds::of(pipe).value();
  const std::string jobs =
      "JOBS := 1 2 3 4 5 6 7 8 9\nall: $(JOBS)\n$(JOBS):\n\t@sleep 0.01; ";
  {
    const Server server(pipe);
    CHECK(Project(jobs + "true\n").make(ends, "") == 0);
    CHECK(Project(jobs + "test $@ != 4\n").make(ends, "-k") == 2);
    CHECK(Project("all: a b c\na b c:\n\t@$(MAKE) -f Makefile x-$@ y-$@\n"
                  "x-%:\n\t@sleep 0.01\ny-%:\n\t@sleep 0.01\n")
              .make(ends, "") == 0);
  }
  CHECK(pipe.gone() == pipe.offered());
  CHECK(pipe.given_back() == 0);
}

TEST_CASE("a server whose teller dies hands out all, until no client is left",
          "[jobserver]") {
  const auto pipe = TokenPipe::make(4).value();
  std::optional<TokenEnds> ends(TokenEnds::of(pipe).value());
  Server server(pipe);
  server.tell({9, 9});
  server.die();
  for (int i = 0; i < 3; ++i) CHECK(takes(*ends));
  CHECK(gives(*ends));
  CHECK(takes(*ends));
  CHECK(pipe.gone() == 3);
  ends.reset();
  server.join();  // the last client is gone, and so is it
  CHECK(server.orphaned());
}
