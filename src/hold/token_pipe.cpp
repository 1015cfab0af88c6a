#include "hold/token_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "os/file.h"

namespace fitrun {
namespace {

constexpr char kToken = '+';
constexpr int kFirstOfClients = 10;

// The pipe of `fd`, to read from and to write to, with flags of its own.
Result<Fd> reopen(int fd, int flags) {
  const std::string path = fmt::format("/proc/self/fd/{}", fd);
  Fd opened(::open(path.c_str(), O_RDWR | O_CLOEXEC | flags));
  if (!opened) return path_error(path, errno);
  return opened;
}

// The last of what is there; empty: nothing new. `closed` is set where nobody
// writes any more.
std::optional<TokenNews> latest(int fd, bool& closed) {
  std::optional<TokenNews> news;
  TokenNews next;
  while (true) {
    const ssize_t n = ::read(fd, &next, sizeof next);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) closed = true;
    if (n != sizeof next) return news;
    news = next;
    pollfd more{fd, POLLIN, 0};
    if (::poll(&more, 1, 0) != 1 || (more.revents & POLLIN) == 0) return news;
  }
}

}  // namespace

void TokenPipe::Unmap::operator()(std::atomic<std::uint64_t>* page) const {
  ::munmap(page, sizeof *page);
}

Result<TokenPipe> TokenPipe::make(std::uint64_t jobs) {
  TokenPipe pipe;
  pipe.jobs_ = jobs;
  void* const page = ::mmap(nullptr, sizeof *pipe.gone_, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return path_error("mmap", errno);
  pipe.gone_.reset(new (page) std::atomic<std::uint64_t>(0));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return path_error("pipe", errno);
  const Fd takes(ends[0]);
  const Fd puts(ends[1]);
  auto offers = reopen(takes.get(), O_NONBLOCK);
  if (!offers) return offers.error();
  pipe.offers_ = std::move(*offers);
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return path_error("pipe", errno);
  pipe.returns_ = Fd(ends[0]);
  ::close(ends[1]);  // clients' ends are opened anew: they may wait
  return pipe;
}

std::size_t TokenPipe::offered() const {
  int left = 0;
  if (::ioctl(offers_.get(), FIONREAD, &left) != 0 || left < 0) return 0;
  return static_cast<std::size_t>(left);
}

bool TokenPipe::offer() const {
  return ::write(offers_.get(), &kToken, 1) == 1;
}

bool TokenPipe::withdraw() const {
  char token = 0;
  return ::read(offers_.get(), &token, 1) == 1;
}

std::size_t TokenPipe::given_back() const {
  std::array<char, 256> tokens{};
  const ssize_t n = ::read(returns_.get(), tokens.data(), tokens.size());
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

std::vector<int> TokenPipe::descriptors() const {
  return {offers_.get(), returns_.get()};
}

Result<Fd> end_of_clients(int fd) {
  const auto opened = reopen(fd, 0);
  if (!opened) return opened.error();
  Fd moved(::fcntl(opened->get(), F_DUPFD_CLOEXEC, kFirstOfClients));
  if (!moved) return path_error("fcntl", errno);
  return moved;
}

Result<TokenEnds> TokenEnds::of(const TokenPipe& pipe) {
  auto takes = end_of_clients(pipe.offers());
  if (!takes) return takes.error();
  auto gives = end_of_clients(pipe.returns());
  if (!gives) return gives.error();
  const std::string auth = fmt::format("{},{}", takes->get(), gives->get());
  return TokenEnds{pipe.jobs(), std::move(*takes), std::move(*gives), auth};
}

std::string TokenEnds::makeflags() const {
  return fmt::format(" -j{} --jobserver-auth={}", jobs, auth);
}

Result<void> TokenEnds::bequeath() const {
  for (const Fd* const end : {&takes, &gives})
    if (*end && ::fcntl(end->get(), F_SETFD, 0) != 0)
      return path_error("fcntl", errno);
  return {};
}

void serve_tokens(const TokenPipe& pipe, int news,
                  const std::function<void()>& orphaned) {
  Tokens tokens(pipe.jobs() - 1, pipe.gone(), pipe.offered());
  bool served = true;
  bool clients = true;
  while (clients || served) {
    tokens.take(pipe.offered());
    while (tokens.offered() > tokens.to_offer() && pipe.withdraw())
      tokens.withdraw();
    while (tokens.offered() < tokens.to_offer()) {
      tokens.offer();
      pipe.gone() = tokens.gone();  // first: a lost token does less harm
      if (pipe.offer()) continue;
      tokens.withdraw();
      break;
    }
    pipe.gone() = tokens.gone();
    std::array<pollfd, 2> wait{{{served ? news : -1, POLLIN, 0},
                                {clients ? pipe.returns() : -1, POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return;
    tokens.take(pipe.offered());
    if (wait[1].revents != 0) {
      const std::size_t count = pipe.given_back();
      tokens.give_back(count);
      pipe.gone() = tokens.gone();  // this may be the last round
      clients = count > 0 || (wait[1].revents & POLLHUP) == 0;
    }
    if (wait[0].revents == 0) continue;
    bool closed = false;
    const auto told = latest(news, closed);
    if (told && told->ended) return;
    if (told) tokens.look(*told, Tokens::Clock::now());
    if (!closed) continue;
    served = false;
    tokens.let_go();
    orphaned();
  }
}

}  // namespace fitrun
