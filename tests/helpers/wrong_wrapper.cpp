// A wrapper that does one thing wrong, to show that the conformance tests see
// it.
//
//   wrong_wrapper FAULT COMMAND [ARG...]
//
// Faults "before" spoil one thing and exec in place, as a careful wrapper would
// otherwise; faults "instead" replace the exec. `wrong_wrapper list` prints the
// names.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

using Arguments = char**;

void set_mask(int how, int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(how, &set, nullptr);
}

void set_blocking_mode(bool blocking) {
  for (int fd = 0; fd < 3; ++fd) {
    const int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
  }
}

void set_limit() {
  const rlimit limit{.rlim_cur = 500, .rlim_max = 600};
  setrlimit(RLIMIT_NOFILE, &limit);
}

void pin() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
}

void raise_oom_score() {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (write(fd, "500", 3) < 0) _exit(1);
}

void leave_child() {
  if (fork() == 0) _exit(0);
}

void open_standard_files() {
  while (open("/dev/null", O_RDWR) < 3) continue;  // also leaks one
}

void take_byte() {
  char byte = 0;
  if (read(STDIN_FILENO, &byte, 1) < 0) return;
}

void say(int fd) {
  if (write(fd, "hello\n", 6) < 0) return;
}

void silence_echo() {
  termios modes{};
  if (tcgetattr(STDIN_FILENO, &modes) < 0) return;
  modes.c_lflag &= ~static_cast<tcflag_t>(ICANON);
  signal(SIGTTOU, SIG_IGN);
  tcsetattr(STDIN_FILENO, TCSANOW, &modes);
  signal(SIGTTOU, SIG_DFL);
}

void sort_environment() {
  char** end = environ;
  while (*end != nullptr) ++end;
  std::sort(environ, end, [](const char* a, const char* b) {
    return std::string_view(a) < b;
  });
}

// What the positional vector of a command line parser does to "[1,2]".
void drop_brackets(Arguments command) {
  for (Arguments word = command; *word != nullptr; ++word) {
    if (std::strcmp(*word, "[1,2]") == 0) *word = strdup("1,2");
  }
}

void drop_word(Arguments command, std::string_view unwanted) {
  Arguments out = command;
  for (Arguments word = command; *word != nullptr; ++word) {
    if (*word != unwanted) *out++ = *word;
  }
  *out = nullptr;
}

struct Before {
  const char* name;
  void (*spoil)(Arguments command);
};

constexpr auto kBefore = std::to_array<Before>({
    {"umask", [](Arguments) { umask(0); }},
    {"cwd",
     [](Arguments) {
       if (chdir("/") < 0) _exit(1);
     }},
    {"nice",
     [](Arguments) {
       if (nice(1) < 0) _exit(1);
     }},
    {"limit", [](Arguments) { set_limit(); }},
    {"core",
     [](Arguments) {
       const rlimit none{.rlim_cur = 0, .rlim_max = 0};
       setrlimit(RLIMIT_CORE, &none);
     }},
    {"pin", [](Arguments) { pin(); }},
    {"block", [](Arguments) { set_mask(SIG_BLOCK, SIGTERM); }},
    {"unblock", [](Arguments) { set_mask(SIG_UNBLOCK, SIGWINCH); }},
    {"take-pending",
     [](Arguments) {
       signal(SIGUSR1, SIG_IGN);
       signal(SIGUSR1, SIG_DFL);
     }},
    {"ignore", [](Arguments) { signal(SIGPIPE, SIG_IGN); }},
    {"ignore-int", [](Arguments) { signal(SIGINT, SIG_IGN); }},
    {"restore-int", [](Arguments) { signal(SIGINT, SIG_DFL); }},
    {"restore-chld", [](Arguments) { signal(SIGCHLD, SIG_DFL); }},
    {"timer", [](Arguments) { alarm(1000); }},
    {"no-timer", [](Arguments) { alarm(0); }},
    {"subreaper", [](Arguments) { prctl(PR_SET_CHILD_SUBREAPER, 1); }},
    {"death-signal", [](Arguments) { prctl(PR_SET_PDEATHSIG, SIGTERM); }},
    {"slack", [](Arguments) { prctl(PR_SET_TIMERSLACK, 1); }},
    {"privileges", [](Arguments) { prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }},
    {"policy",
     [](Arguments) {
       const sched_param none{};
       sched_setscheduler(0, SCHED_BATCH, &none);
     }},
    {"personality", [](Arguments) { personality(ADDR_NO_RANDOMIZE); }},
    {"oom-score", [](Arguments) { raise_oom_score(); }},
    {"merge-output", [](Arguments) { dup2(STDOUT_FILENO, STDERR_FILENO); }},
    {"child", [](Arguments) { leave_child(); }},
    {"leak",
     [](Arguments) {
       if (open("/", O_RDONLY) < 0) _exit(1);
     }},
    {"close",
     [](Arguments) {
       for (int i = 3; i < 100; ++i) close(i);
     }},
    {"open", [](Arguments) { open_standard_files(); }},
    {"stdin-null",
     [](Arguments) {
       close(STDIN_FILENO);
       if (open("/dev/null", O_RDONLY) < 0) _exit(1);
     }},
    {"non-blocking", [](Arguments) { set_blocking_mode(false); }},
    {"blocking", [](Arguments) { set_blocking_mode(true); }},
    {"read", [](Arguments) { take_byte(); }},
    {"stdout", [](Arguments) { say(STDOUT_FILENO); }},
    {"stderr", [](Arguments) { say(STDERR_FILENO); }},
    {"append",
     [](Arguments) {
       fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_APPEND);
     }},
    {"terminal", [](Arguments) { silence_echo(); }},
    {"brackets", drop_brackets},
    {"empty", [](Arguments command) { drop_word(command, ""); }},
    {"dashes", [](Arguments command) { drop_word(command, "--"); }},
    {"add", [](Arguments) { setenv("STRAY", "1", 1); }},
    {"drop", [](Arguments) { unsetenv("EMPTY"); }},
    {"sort", [](Arguments) { sort_environment(); }},
});

[[noreturn]] void failed(const char* what, int status) {
  std::perror(what);
  std::exit(status);
}

[[noreturn]] void exec_like_env(Arguments command) {
  execvp(command[0], command);
  failed(command[0], errno == ENOENT ? 127 : 126);
}

// fork and wait, with what the parent and the child do besides; no signal comes
// before both have done it.
struct Parenthood {
  void (*in_child)() = [] {};
  void (*in_parent)(pid_t child) = [](pid_t) {};
};

int wait_for(Arguments command, const Parenthood& with) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t child = fork();
  if (child == 0) {
    with.in_child();
    sigprocmask(SIG_SETMASK, &before, nullptr);
    exec_like_env(command);
  }
  with.in_parent(child);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return 1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A search that takes the first file of that name, whatever it is, and knows
// no default path; what is found is not handed to sh.
std::string first_in_path(const std::string& name) {
  const char* const path = getenv("PATH");
  if (path == nullptr || name.find('/') != std::string::npos) return name;
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto colon = std::min(rest.find(':'), rest.size());
    std::string file = std::string(rest.substr(0, colon)) + "/" + name;
    if (access(file.c_str(), F_OK) == 0) return file;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return name;
}

pid_t forward_to = 0;

void forward_all(pid_t child) {
  forward_to = child;
  struct sigaction action {};
  action.sa_handler = [](int number) { kill(forward_to, number); };
  for (int number = 1; number <= SIGRTMAX; ++number) {
    if (number == SIGCHLD || number == SIGTSTP || number == SIGTTIN ||
        number == SIGTTOU || number == SIGSEGV) {
      continue;
    }
    sigaction(number, &action, nullptr);
  }
}

struct Instead {
  const char* name;
  int (*launch)(Arguments command);
};

constexpr auto kInstead = std::to_array<Instead>({
    {"wait", [](Arguments command) -> int { return wait_for(command, {}); }},
    {"forward",
     [](Arguments command) -> int {
       return wait_for(command, {.in_parent = forward_all});
     }},
    {"deaf",
     [](Arguments command) -> int {
       return wait_for(command, {.in_parent = [](pid_t) {
                         signal(SIGINT, SIG_IGN);
                         signal(SIGQUIT, SIG_IGN);
                       }});
     }},
    {"group",
     [](Arguments command) -> int {
       return wait_for(command, {.in_child = [] {
                         setpgid(0, 0);
                         signal(SIGTTOU, SIG_IGN);
                         tcsetpgrp(STDIN_FILENO, getpid());
                         signal(SIGTTOU, SIG_DFL);
                       }});
     }},
    {"session",
     [](Arguments command) -> int {
       return wait_for(command, {.in_child = [] { setsid(); }});
     }},
    {"truth",
     [](Arguments command) -> int { return wait_for(command, {}) != 0; }},
    {"fail-1",
     [](Arguments command) -> int {
       execvp(command[0], command);
       failed(command[0], 1);
     }},
    {"fail-127",
     [](Arguments command) -> int {
       execvp(command[0], command);
       failed(command[0], 127);
     }},
    {"fail-silently",
     [](Arguments command) -> int {
       execvp(command[0], command);
       std::exit(errno == ENOENT ? 127 : 126);
     }},
    {"fail-aloud",
     [](Arguments command) -> int {
       execvp(command[0], command);
       std::puts("cannot start it");
       std::exit(errno == ENOENT ? 127 : 126);
     }},
    {"no-search",
     [](Arguments command) -> int {
       execv(command[0], command);
       failed(command[0], errno == ENOENT ? 127 : 126);
     }},
    {"first-in-path",
     [](Arguments command) -> int {
       const std::string path = first_in_path(command[0]);
       execv(path.c_str(), command);
       failed(command[0], errno == ENOENT ? 127 : 126);
     }},
});

}  // namespace

int main(int argc, char** argv) {
  const std::string_view fault = argc > 1 ? argv[1] : "";
  if (argc < 3 && fault != "list") return 2;
  if (fault == "list") {
    for (const auto& known : kBefore) std::puts(known.name);
    for (const auto& known : kInstead) std::puts(known.name);
    return 0;
  }
  char** const command = argv + 2;
  for (const auto& known : kInstead) {
    if (fault == known.name) return known.launch(command);
  }
  for (const auto& known : kBefore) {
    if (fault != known.name) continue;
    known.spoil(command);
    exec_like_env(command);
  }
  std::fprintf(stderr, "wrong_wrapper: no fault called %s\n", argv[1]);
  return 2;
}
