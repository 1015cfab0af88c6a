#include "os/probe_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "os/argv.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/process_handle.h"
#include "os/sigchld.h"
#include "os/write_signals.h"

namespace fitrun {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMostResult = 1U << 20;
constexpr std::size_t kMostErrors = 4096;
constexpr milliseconds kKillWait{1'000};

// Where a program finds the pipe for its result.
constexpr int kResultFd = 3;

struct Pipe {
  Fd read, write;
};

std::optional<Pipe> open_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

void limit(decltype(RLIMIT_CORE) resource, rlim_t most) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0 || now.rlim_cur <= most) return;
  now.rlim_cur = most;
  ::setrlimit(resource, &now);
}

// In the child: nothing of the caller stays open, and the three standard
// descriptors are harmless. The result's pipe moves to a number that was free:
// a library may still write to a descriptor that it believes is its own (the
// dynamic loader does, with LD_DEBUG_OUTPUT). Gives that number, or -1.
int detach(const Pipe& result, const Pipe& errors, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  release_write_signals();
  if (::getppid() != parent) return -1;
  constexpr int kAbove = kResultFd + 1;
  const int result_fd = ::fcntl(result.write.get(), F_DUPFD_CLOEXEC, kAbove);
  const int errors_fd = ::fcntl(errors.write.get(), F_DUPFD_CLOEXEC, kAbove);
  const int null_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (result_fd < 0 || errors_fd < 0 || null_fd < 0) return -1;
  if (::dup2(null_fd, 0) < 0 || ::dup2(null_fd, 1) < 0 ||
      ::dup2(errors_fd, 2) < 0)
    return -1;
  const auto kept = static_cast<unsigned>(result_fd);
  ::syscall(SYS_close_range, unsigned{kResultFd}, kept - 1, 0U);  // Linux 5.9
  ::syscall(SYS_close_range, kept + 1, ~0U, 0U);
  limit(RLIMIT_CORE, 0);
  // Where this is 10^9, drivers that visit every descriptor take half a minute.
  limit(RLIMIT_NOFILE, 4096);
  return result_fd;
}

// The NUL at its end says that all of the text has come.
[[noreturn]] void end_with(const std::string& text, int out) {
  const char* at = text.c_str();
  std::size_t left = text.size() + 1;
  while (left > 0) {
    const ssize_t n = ::write(out, at, left);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) ::_exit(1);
    at += n;
    left -= static_cast<std::size_t>(n);
  }
  ::_exit(0);
}

[[noreturn]] void become_program(const std::vector<std::string>& argv,
                                 const Environment& environment, int out) {
  if (::dup2(out, kResultFd) < 0) ::_exit(1);
  static_cast<void>(apply(environment.changes()));
  const std::vector<char*> words = pointers_to(argv);
  ::execv(words[0], words.data());
  const std::string why = path_error(argv[0], errno).message;
  static_cast<void>(::write(STDERR_FILENO, why.data(), why.size()));
  ::_exit(127);
}

class Child {
 public:
  Child(pid_t pid, Fd result, Fd errors, const ProbeChildSpec& spec)
      : pid_(pid),
        // Without one the end of the result pipe has to do.
        process_(open_pidfd(pid)),
        result_(std::move(result)),
        errors_(std::move(errors)),
        spec_(spec) {}

  Result<std::string> answer();

 private:
  bool complete() const { return text_.find('\0') != std::string::npos; }
  bool wait_for_event(Clock::time_point until);
  void take(Fd& fd, std::string& into, std::size_t most);
  std::optional<int> reap(Clock::time_point until) const;
  Error died(int status) const;
  Error late() const;

  pid_t pid_;
  Fd process_, result_, errors_;
  const ProbeChildSpec& spec_;
  std::string text_, errors_text_;
};

// Reads once what is there; closes `fd` at its end. Beyond `most` bytes all is
// read and dropped, so that the child never waits for us.
void Child::take(Fd& fd, std::string& into, std::size_t most) {
  char buffer[4096];
  const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) {
    fd.reset();
    return;
  }
  const std::size_t room = most - std::min(most, into.size());
  into.append(buffer, std::min(room, static_cast<std::size_t>(n)));
}

// Takes in what the child sends. False once it has ended or `until` is past.
bool Child::wait_for_event(Clock::time_point until) {
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
  if (left.count() <= 0 || (!process_ && !result_)) return false;
  // poll skips descriptors below 0.
  pollfd fds[] = {{result_.get(), POLLIN, 0},
                  {errors_.get(), POLLIN, 0},
                  {process_.get(), POLLIN, 0}};
  if (::poll(fds, 3, static_cast<int>(left.count())) < 0) return true;
  if (fds[0].revents != 0) take(result_, text_, kMostResult);
  if (fds[1].revents != 0) take(errors_, errors_text_, kMostErrors);
  if (fds[0].revents != 0 || fds[1].revents != 0) return true;
  return fds[2].revents == 0;
}

// The status of the child, which has ended or is about to; empty where it has
// not by `until`.
std::optional<int> Child::reap(Clock::time_point until) const {
  for (timespec pause{0, 50'000};; pause.tv_nsec = 1'000'000) {
    int status = 0;
    const pid_t pid = ::waitpid(pid_, &status, WNOHANG);
    if (pid == pid_) return status;
    if (pid < 0 && errno != EINTR) return std::nullopt;
    if (Clock::now() >= until) return std::nullopt;
    pollfd ended{process_.get(), POLLIN, 0};
    if (!process_ || ::poll(&ended, 1, 10) < 0) ::nanosleep(&pause, nullptr);
  }
}

Error Child::died(int status) const {
  std::string message = fmt::format(
      "the probe {} inside {}",
      WIFSIGNALED(status)
          ? fmt::format("died of signal {}", WTERMSIG(status))
          : fmt::format("ended with status {}", WEXITSTATUS(status)),
      spec_.subject);
  const auto said = lines(errors_text_);
  if (!said.empty()) message += ": " + in_quotes(trim(said.back()));
  return Error{message};
}

Error Child::late() const {
  const auto n = spec_.deadline.count();
  std::string message = fmt::format(
      "{} did not answer in {}", spec_.subject,
      n % 1000 == 0 ? fmt::format("{} s", n / 1000) : fmt::format("{} ms", n));
  if (!spec_.timeout_hint.empty()) message += " (" + spec_.timeout_hint + ")";
  return Error{message, ETIMEDOUT};
}

Result<std::string> Child::answer() {
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + spec_.deadline;
  const Clock::time_point slow = start + spec_.slow_after;
  bool told = !spec_.on_slow || slow >= end;
  while (!complete()) {
    if (!told && Clock::now() >= slow) {
      told = true;
      spec_.on_slow();
    }
    if (wait_for_event(told ? end : slow)) continue;
    if (told || Clock::now() < slow) break;
  }
  // With the answer in hand, the child has this long to leave the driver.
  const bool in_time = complete() || Clock::now() < end;
  std::optional<int> status;
  if (in_time) status = reap(Clock::now() + kKillWait);
  if (!status) {
    ::kill(pid_, SIGKILL);
    status = reap(Clock::now() + kKillWait);
  }
  if (complete()) return text_.substr(0, text_.find('\0'));
  if (!in_time || !status) return late();
  return died(*status);
}

// `act` is what the child does with the descriptor for its result.
Result<std::string> answer_of_child(const std::function<void(int)>& act,
                                    const ProbeChildSpec& spec) {
  auto result = open_pipe();
  auto errors = result ? open_pipe() : std::nullopt;
  if (!errors) return Error{"pipe: " + error_text(errno), errno};
  const DefaultSigchld sigchld;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return Error{"fork: " + error_text(errno), errno};
  if (pid == 0) {
    const int out = detach(*result, *errors, parent);
    if (out >= 0) act(out);
    ::_exit(1);
  }
  result->write.reset();
  errors->write.reset();
  return Child(pid, std::move(result->read), std::move(errors->read), spec)
      .answer();
}

}  // namespace

Result<std::string> run_in_child(const std::function<std::string()>& work,
                                 const ProbeChildSpec& spec) {
  return answer_of_child([&](int out) { end_with(work(), out); }, spec);
}

Result<std::string> run_program_in_child(const std::vector<std::string>& argv,
                                         const Environment& environment,
                                         const ProbeChildSpec& spec) {
  return answer_of_child(
      [&](int out) { become_program(argv, environment, out); }, spec);
}

void end_with_result(const std::string& text) {
  end_with(text, kResultFd);
}

}  // namespace fitrun
