// The command at the end of a launch: tells what it was handed, then counts the
// signals that reach it.
//
//   target SOCKET [ARG...]
//
// It looks at itself before it touches anything, connects to the Unix socket
// and sends one "key hexadecimal" line per fact, then "ready". From then on it
// sends "got N" for every signal and obeys one word per line:
//   count        "counts 2=1 15=1"
//   exit N       ends with status N
//   raise N      gives signal N its default action and sends it to itself
//   line         reads a line of standard input, "line hexadecimal"
//   say TEXT     writes TEXT to standard output, "said"
// It ends with status 0 once the socket closes, so that none is left behind.

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

int channel = -1;
std::array<volatile sig_atomic_t, 65> counts{};

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

class Report {
 public:
  void add(std::string_view key, std::string_view value) {
    text_.append(key).append(" ").append(hexadecimal(value)).append("\n");
  }
  void add(std::string_view key, long long value) {
    add(key, std::to_string(value));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string contents(const char* path) {
  std::string text;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "unreadable";
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  close(fd);
  return text;
}

// "NUMBER DEVICE:INODE STATUS-FLAGS DESCRIPTOR-FLAGS" for each open descriptor.
void add_descriptors(Report& report) {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return;
  while (const dirent* const entry = readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd == dirfd(directory)) continue;
    struct stat status {};
    fstat(fd, &status);
    report.add("fd", std::to_string(fd) + " " + std::to_string(status.st_dev) +
                         ":" + std::to_string(status.st_ino) + " " +
                         std::to_string(fcntl(fd, F_GETFL)) + " " +
                         std::to_string(fcntl(fd, F_GETFD)));
  }
  closedir(directory);
}

void add_timers(Report& report) {
  for (const auto which : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    itimerval left{};
    getitimer(which, &left);
    const bool running =
        left.it_value.tv_sec != 0 || left.it_value.tv_usec != 0;
    report.add("timers", running ? std::to_string(left.it_interval.tv_sec)
                                 : std::string("off"));
  }
}

void add_process(Report& report) {
  int death_signal = 0;
  int reaper = 0;
  prctl(PR_GET_PDEATHSIG, &death_signal);
  prctl(PR_GET_CHILD_SUBREAPER, &reaper);
  siginfo_t child{};
  const bool childless =
      waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) < 0;
  const mode_t mask = umask(0);
  umask(mask);
  std::array<char, PATH_MAX> folder{};
  if (getcwd(folder.data(), folder.size()) == nullptr) folder[0] = '\0';

  report.add("pid", getpid());
  report.add("parent", getppid());
  report.add("pgrp", getpgrp());
  report.add("session", getsid(0));
  report.add("foreground pgrp", tcgetpgrp(STDIN_FILENO));
  report.add("children", childless ? "none" : "some");
  report.add("umask", mask);
  report.add("cwd", folder.data());
  report.add("niceness", getpriority(PRIO_PROCESS, 0));
  report.add("policy", sched_getscheduler(0));
  report.add("parent death signal", death_signal);
  report.add("subreaper", reaper);
  report.add("timer slack", prctl(PR_GET_TIMERSLACK));
  report.add("personality", personality(0xffffffff));
  report.add("stdin offset", lseek(STDIN_FILENO, 0, SEEK_CUR));
  int waiting = -1;
  ioctl(STDIN_FILENO, FIONREAD, &waiting);
  report.add("stdin waiting", waiting);
  report.add("status", contents("/proc/self/status"));
  report.add("limits", contents("/proc/self/limits"));
  report.add("oom_score_adj", contents("/proc/self/oom_score_adj"));
  report.add("cgroup", contents("/proc/self/cgroup"));
}

std::string look_around(int argc, char** argv) {
  Report report;
  add_descriptors(report);
  add_process(report);
  add_timers(report);
  for (int i = 0; i < argc; ++i) report.add("arg", argv[i]);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    report.add("env", *entry);
  }
  return report.text() + "ready\n";
}

void send_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = send(channel, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) _exit(0);
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void on_signal(int number) {
  const int saved = errno;
  const auto index = static_cast<std::size_t>(number);
  counts[index] = counts[index] + 1;
  std::array<char, 8> line{'g', 'o', 't', ' '};
  std::size_t length = 4;
  if (number > 9) line[length++] = static_cast<char>('0' + number / 10);
  line[length++] = static_cast<char>('0' + number % 10);
  line[length++] = '\n';
  send(channel, line.data(), length, MSG_NOSIGNAL);
  errno = saved;
}

// Job control keeps its default action; what the caller ignores stays ignored.
void count_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (int number = 1; number <= SIGRTMAX; ++number) {
    switch (number) {
      case SIGHUP:
      case SIGINT:
      case SIGQUIT:
      case SIGUSR1:
      case SIGUSR2:
      case SIGALRM:
      case SIGTERM:
      case SIGCONT:
      case SIGWINCH:
      case SIGURG:
      case SIGPIPE:
      case SIGPWR:
        break;
      default:
        if (number < SIGRTMIN) continue;
    }
    struct sigaction before {};
    sigaction(number, nullptr, &before);
    if (before.sa_handler == SIG_DFL) sigaction(number, &action, nullptr);
  }
}

bool connect_to(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  channel = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return connect(channel, reinterpret_cast<const sockaddr*>(&address),
                 sizeof address) == 0;
}

// A line without its newline; false at the end of the file.
bool read_line(int fd, std::string& line) {
  line.clear();
  for (char c = 0;;) {
    const ssize_t n = read(fd, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    if (c == '\n') return true;
    line += c;
  }
}

void die_of(int number) {
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  raise(number);
}

void obey(const std::string& order) {
  const auto space = order.find(' ');
  const std::string word = order.substr(0, space);
  const std::string rest =
      space == std::string::npos ? std::string() : order.substr(space + 1);
  if (word == "exit") std::_Exit(std::atoi(rest.c_str()));
  if (word == "raise") die_of(std::atoi(rest.c_str()));
  if (word == "count") {
    std::string text = "counts";
    for (std::size_t i = 1; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      text += " " + std::to_string(i) + "=" + std::to_string(counts[i]);
    }
    send_all(text + "\n");
  }
  if (word == "line") {
    std::string line;
    read_line(STDIN_FILENO, line);
    send_all("line " + hexadecimal(line) + "\n");
  }
  if (word == "say") {
    const ssize_t n = write(STDOUT_FILENO, rest.data(), rest.size());
    send_all(n < 0 ? "silent\n" : "said\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: target SOCKET [ARG...]\n", stderr);
    return 2;
  }
  const std::string report = look_around(argc, argv);
  if (!connect_to(argv[1])) {
    std::perror(argv[1]);
    return 3;
  }
  count_signals();
  send_all(report);
  for (std::string order; read_line(channel, order);) obey(order);
  return 0;
}
