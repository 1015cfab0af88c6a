#include "run/detached.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/text.h"
#include "os/file.h"
#include "os/host.h"

namespace fitrun {
namespace {

// Orphans go to us if our caller had us adopt them.
class AdoptingNobody {
 public:
  AdoptingNobody() {
    ::prctl(PR_GET_CHILD_SUBREAPER, &old_, 0, 0, 0);
    if (old_ != 0) ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  }
  ~AdoptingNobody() {
    if (old_ != 0) ::prctl(PR_SET_CHILD_SUBREAPER, old_, 0, 0, 0);
  }
  AdoptingNobody(const AdoptingNobody&) = delete;
  AdoptingNobody& operator=(const AdoptingNobody&) = delete;

 private:
  int old_ = 0;
};

// A child whose end sends no signal, and for which only __WALL waits.
pid_t fork_silently() {
  return static_cast<pid_t>(::syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL));
}

// Whether all descriptors but these are closed.
bool close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  kept.push_back(INT_MAX);
  unsigned first = 0;  // INT_MAX has a successor here
  bool closed = true;
  for (const int number : kept) {
    const auto fd = static_cast<unsigned>(number);
    if (first < fd) closed &= ::syscall(SYS_close_range, first, fd - 1, 0) == 0;
    first = fd + 1;
  }
  if (closed) return true;
  // Before Linux 5.9, or refused. There can be a billion of them: only those
  // that are open.
  const std::vector<std::string> open = Host().list("/proc/self/fd");
  for (const std::string& name : open) {
    const auto number = parse_count(name);
    if (!number) continue;
    const auto fd = static_cast<int>(*number);
    if (!std::binary_search(kept.begin(), kept.end(), fd)) ::close(fd);
  }
  return !open.empty();
}

// Its exit status. It returns, because nothing but a return leaves a stack of
// our own making that a sanitizer does not know.
int work_detached(const std::vector<int>& kept,
                  const std::function<void()>& work) {
  try {
    if (!close_all_but(kept) || ::chdir("/") != 0) return 1;
    // The lowest free numbers are taken; a library may write to them.
    for (int fd = 0; fd >= 0 && fd <= STDERR_FILENO;)
      fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    // What a caller has ignored or blocked for the command is not for us. Our
    // own writing is to fail, not to kill.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    work();
  } catch (...) {
    return 1;  // out of memory: the command may need it more
  }
  return 0;
}

// What the child in between is to do.
struct Birth {
  const char* name;
  const std::vector<int>& kept;
  const std::function<void()>& work;
};

// Of the child in between, whose memory is ours: it leaves by returning.
int bear_orphan(void* given) {
  const Birth& birth = *static_cast<const Birth*>(given);
  ::setsid();
  // Before anybody can look: the orphan inherits it.
  ::prctl(PR_SET_NAME, birth.name);
  const pid_t orphan = fork_silently();
  if (orphan == 0) return work_detached(birth.kept, birth.work);
  return orphan < 0 ? 1 : 0;
}

// Runs bear_orphan() as vfork(2) would, on a stack of its own, which is the
// orphan's then: our memory is copied once, not twice. -1: errno says why.
pid_t fork_between(Birth& birth) {
  constexpr std::size_t kStack = 1U << 20;  // taken as far as it is used
  void* const stack = ::mmap(nullptr, kStack, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return -1;
  const pid_t child = ::clone(bear_orphan, static_cast<char*>(stack) + kStack,
                              CLONE_VM | CLONE_VFORK, &birth);
  const int error = errno;
  ::munmap(stack, kStack);
  errno = error;
  return child;
}

}  // namespace

Result<void> start_detached(const char* name, const std::vector<int>& kept,
                            const std::function<void()>& work) {
  const AdoptingNobody until_it_is_an_orphan;
  Birth birth{name, kept, work};
  if (::getpid() == 1) {  // which adopts all
    const pid_t child = fork_silently();
    if (child < 0) return path_error("clone", errno);
    if (child > 0) return {};
    ::setsid();
    ::prctl(PR_SET_NAME, name);
    ::_exit(work_detached(kept, work));
  }
  const pid_t child = fork_between(birth);
  if (child < 0) return path_error("clone", errno);
  int status = 0;
  while (::waitpid(child, &status, __WALL) < 0)
    if (errno != EINTR) return path_error("waitpid", errno);
  if (status != 0) return path_error("clone", EAGAIN);
  return {};
}

}  // namespace fitrun
