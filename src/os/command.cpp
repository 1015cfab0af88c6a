#include "os/command.h"

#include <boost/version.hpp>
#include <fmt/format.h>
#if BOOST_VERSION >= 108600
#include <boost/process/v1/args.hpp>
#include <boost/process/v1/child.hpp>
#include <boost/process/v1/exe.hpp>
#include <boost/process/v1/extend.hpp>
#include <boost/process/v1/io.hpp>
#include <boost/process/v1/pipe.hpp>
#include <boost/process/v1/start_dir.hpp>
namespace bp = boost::process::v1;
#else
#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/io.hpp>
#include <boost/process/pipe.hpp>
#include <boost/process/start_dir.hpp>
namespace bp = boost::process;
#endif

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "os/environment.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/process_handle.h"
#include "os/program.h"
#include "os/sigchld.h"
#include "os/write_signals.h"

namespace fitrun {
namespace {

using Clock = std::chrono::steady_clock;

// A caller may have closed standard files, and the next files opened take their
// numbers: the pipe would be the helper's standard input. This keeps the
// numbers taken meanwhile.
class StandardFilesTaken {
 public:
  StandardFilesTaken() {
    for (Fd& file : files_) {
      Fd next(::open("/dev/null", O_RDWR | O_CLOEXEC));
      if (next.get() > STDERR_FILENO) return;
      file = std::move(next);
    }
  }

 private:
  std::array<Fd, 3> files_;
};

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - Clock::now());
  return static_cast<int>(std::clamp<long long>(left.count(), 0, 1 << 30));
}

enum class ReadEnd { eof, deadline, too_much };

// Collects the pipe until its end or, since a helper may leave a child behind
// that keeps it open, until the helper has ended and the pipe is dry.
ReadEnd collect(int pipe, int process, const CommandSpec& spec,
                Clock::time_point deadline, std::string& text) {
  ::fcntl(pipe, F_SETFL, O_NONBLOCK);
  bool ended = false;
  while (true) {
    pollfd waiting[] = {{pipe, POLLIN, 0}, {ended ? -1 : process, POLLIN, 0}};
    const int left = ended ? 0 : milliseconds_until(deadline);
    const int ready = ::poll(waiting, 2, left);
    if (ready < 0 && errno != EINTR) return ReadEnd::eof;
    if (ready == 0) return ended ? ReadEnd::eof : ReadEnd::deadline;
    if (waiting[1].revents) ended = true;
    if (!waiting[0].revents) continue;
    char block[4096];
    const ssize_t n = ::read(pipe, block, sizeof block);
    if (n == 0) return ReadEnd::eof;
    if (n < 0) continue;
    text.append(block, static_cast<std::size_t>(n));
    if (text.size() > spec.most_output) return ReadEnd::too_much;
  }
}

// The helper's wait status, or none where it outlived the deadline.
std::optional<int> wait_until(pid_t pid, int process,
                              Clock::time_point deadline) {
  pollfd waiting{process, POLLIN, 0};
  int status = 0;
  while (true) {
    const pid_t done = ::waitpid(pid, &status, WNOHANG);
    if (done == pid) return status;
    if (done < 0 && errno != EINTR) return 0;
    const int left = milliseconds_until(deadline);
    if (left == 0) return std::nullopt;
    // Without a pidfd there is nothing to wait for.
    ::poll(&waiting, 1, process >= 0 ? left : std::min(left, 10));
  }
}

// Ends the helper with all that it started. A process in an uninterruptible
// sleep cannot be killed: it is not waited for.
void end_group(pid_t pid, int process) {
  ::kill(-pid, SIGKILL);
  wait_until(pid, process, Clock::now() + std::chrono::seconds(1));
}

}  // namespace

Result<CommandOutput> run_command(const CommandSpec& spec) {
  const std::string& name = spec.argv.front();
  const auto program = find_program(name, Environment());
  if (!program) return program.error();

  const DefaultSigchld sigchld;
  const StandardFilesTaken taken;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return path_error("pipe", errno);
  bp::pipe pipe(ends[0], ends[1]);
  // A group of its own, so that a deadline ends its children too; and it does
  // not outlive us when the user gives up.
  const auto prepare = [](auto&) {
    ::setpgid(0, 0);
    release_write_signals();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  };
  const auto deadline = Clock::now() + spec.timeout;
  std::error_code error;
  bp::child child(bp::exe = *program,
                  bp::args = std::vector<std::string>(spec.argv.begin() + 1,
                                                      spec.argv.end()),
                  bp::start_dir = spec.folder.empty() ? "." : spec.folder,
                  bp::std_in<bp::null, bp::std_out> pipe,
                  bp::extend::on_exec_setup = prepare, error);
  if (error) return path_error(name, error.value());
  ::close(pipe.native_sink());
  pipe.assign_sink(-1);
  const pid_t pid = child.id();
  child.detach();  // its own wait functions start a timer process

  const Fd process = open_pidfd(pid);
  CommandOutput output;
  const ReadEnd end =
      collect(pipe.native_source(), process.get(), spec, deadline, output.text);
  if (end == ReadEnd::too_much) {
    end_group(pid, process.get());
    return Error{
        fmt::format("{}: printed more than {} bytes", name, spec.most_output)};
  }
  const auto status = wait_until(pid, process.get(), deadline);
  if (!status) {
    end_group(pid, process.get());
    return Error{fmt::format("{}: no answer in {:.10g} s", name,
                             static_cast<double>(spec.timeout.count()) / 1e3)};
  }
  if (WIFSIGNALED(*status)) {
    const int signal = WTERMSIG(*status);
    return Error{fmt::format("{}: killed by signal {} ({})", name, signal,
                             ::sigdescr_np(signal))};
  }
  output.exit_status = WEXITSTATUS(*status);
  return output;
}

}  // namespace fitrun
