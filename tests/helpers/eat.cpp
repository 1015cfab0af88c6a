// Takes memory of known size in a known shape.
//
//   eat SHAPE WORKERS FIXED PER_WORKER [MILLISECONDS [FOLDER]]
//
// FIXED and PER_WORKER are in MiB. At its largest it needs FIXED + WORKERS *
// PER_WORKER, a few hundred KiB per process aside, for MILLISECONDS (default
// 60). FOLDER (default /tmp) is where the shapes with files put them.
//
// With EAT_UNTIL_SEEN set, its parent is a program that looks at it again and
// again and sleeps between: then memory is held until the parent has slept some
// times meanwhile, so that no scheduler makes the two miss each other.

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kMiB = 1U << 20;
constexpr std::size_t kPage = 4096;

// The looks at us that a hold lasts for at least. One may have begun before,
// and the kernel may let the looker wait within one.
constexpr unsigned long kLooks = 4;

struct Job {
  std::string self;
  std::size_t workers = 1;
  std::size_t fixed = 0;       // bytes
  std::size_t per_worker = 0;  // bytes
  int milliseconds = 60;
  std::string folder = "/tmp";
};

using Clock = std::chrono::steady_clock;

Clock::time_point g_start = Clock::now();  // of the first of us
std::string g_looker;  // the status file of who looks; empty: nobody

void pause(int milliseconds) {
  ::usleep(static_cast<useconds_t>(milliseconds) * 1000);
}

// How often the looker has slept.
unsigned long sleeps() {
  std::ifstream status(g_looker);
  std::string word;
  while (status >> word)
    if (word == "voluntary_ctxt_switches:" && status >> word)
      return std::stoul(word);
  return ~0UL;  // it is gone, and nobody is to be waited for
}

// Keeps what is held for this long, and until it was seen. A looker may spend
// a fifth of the time on close looks, and has perhaps spent all that it took
// to get here: it can afford the next one when twice as long again has passed.
void keep(int milliseconds) {
  const unsigned long before = g_looker.empty() ? 0 : sleeps();
  const Clock::time_point due = Clock::now() + 2 * (Clock::now() - g_start);
  pause(milliseconds);
  while (!g_looker.empty() &&
         (sleeps() < before + kLooks || Clock::now() < due))
    pause(1);
}

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  ::_exit(99);
}

void touch(char* at, std::size_t bytes, char value) {
  for (std::size_t i = 0; i < bytes; i += kPage) at[i] = value;
}

enum class Kind { own, shared };

// Memory that is really there.
char* take(std::size_t bytes, Kind kind = Kind::own) {
  if (bytes == 0) return nullptr;
  const int flags = kind == Kind::own ? MAP_PRIVATE : MAP_SHARED;
  void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                          flags | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) fail("mmap");
  touch(static_cast<char*>(at), bytes, 1);
  return static_cast<char*>(at);
}

void give_back(char* at, std::size_t bytes) {
  if (at) ::munmap(at, bytes);
}

// Shared by all workers: the count of those that have all their memory.
struct Gate {
  std::atomic<std::size_t> ready{0};
};

Gate* make_gate() {
  return new (take(kPage, Kind::shared)) Gate;
}

// `all` counts those of earlier rounds too.
void wait_for_all(Gate& gate, std::size_t all) {
  ++gate.ready;
  while (gate.ready < all) pause(1);
}

void in_processes(std::size_t count,
                  const std::function<void(std::size_t)>& work) {
  std::vector<pid_t> pids;
  const pid_t parent = ::getpid();
  for (std::size_t i = 0; i < count; ++i) {
    const pid_t pid = ::fork();
    if (pid < 0) fail("fork");
    if (pid == 0) {
      // A job that has lost its parent, now or before, must not wait for it
      // forever.
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(97);
      work(i);
      ::_exit(0);
    }
    pids.push_back(pid);
  }
  for (std::size_t left = count; left > 0; --left) {
    int status = 0;
    ::wait(&status);
    if (status == 0) continue;
    // One was killed: the others would wait for it.
    for (const pid_t pid : pids) ::kill(pid, SIGKILL);
    ::_exit(98);
  }
}

void in_threads(std::size_t count,
                const std::function<void(std::size_t)>& work) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

using Start = void (*)(std::size_t, const std::function<void(std::size_t)>&);

void hold(const Job& job, Start start, int milliseconds) {
  char* const fixed = take(job.fixed);
  Gate& gate = *make_gate();
  start(job.workers, [&](std::size_t) {
    char* const own = take(job.per_worker);
    wait_for_all(gate, job.workers);
    keep(milliseconds);
    give_back(own, job.per_worker);
  });
  give_back(fixed, job.fixed);
}

// The workers have their memory together, for a sixth of the run.
void spike(const Job& job, Start start) {
  pause(job.milliseconds);
  hold(job, start, job.milliseconds / 3);
  pause(job.milliseconds);
}

// A file of 200 MiB is written and read beside the work.
void page_cache(const Job& job) {
  std::string path = job.folder + "/eat-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) fail("mkostemp");
  ::unlink(path.c_str());
  std::vector<char> block(kMiB, 'x');
  for (int i = 0; i < 200; ++i)
    if (::write(fd, block.data(), block.size()) < 0) fail("write");
  ::lseek(fd, 0, SEEK_SET);
  while (::read(fd, block.data(), block.size()) > 0) continue;
  hold(job, in_processes, job.milliseconds);
  ::close(fd);
}

// Each worker looks at every page of one mapped file.
void mapped_file(const Job& job) {
  std::string path = job.folder + "/eat-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) fail("mkostemp");
  ::unlink(path.c_str());
  const std::size_t size = 100 * kMiB;
  std::vector<char> block(kMiB, 'x');
  for (int i = 0; i < 100; ++i)
    if (::write(fd, block.data(), block.size()) < 0) fail("write");
  char* const fixed = take(job.fixed);
  Gate& gate = *make_gate();
  in_processes(job.workers, [&](std::size_t) {
    const void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) fail("mmap");
    volatile char sum = 0;
    for (std::size_t i = 0; i < size; i += kPage)
      sum = static_cast<const char*>(at)[i];
    (void)sum;
    char* const own = take(job.per_worker);
    wait_for_all(gate, job.workers);
    keep(job.milliseconds);
    give_back(own, job.per_worker);
  });
  give_back(fixed, job.fixed);
}

// All workers map and touch the fixed part.
void shared_memory(const Job& job) {
  char* const fixed = take(job.fixed, Kind::shared);
  Gate& gate = *make_gate();
  in_processes(job.workers, [&](std::size_t) {
    touch(fixed, job.fixed, 2);
    char* const own = take(job.per_worker);
    wait_for_all(gate, job.workers);
    keep(job.milliseconds);
    give_back(own, job.per_worker);
  });
}

// The workers inherit the fixed part and change PER_WORKER bytes of it.
void copy_on_write(const Job& job) {
  char* const fixed = take(job.fixed);
  Gate& gate = *make_gate();
  in_processes(job.workers, [&](std::size_t) {
    touch(fixed, job.per_worker, 2);
    wait_for_all(gate, job.workers);
    keep(job.milliseconds);
  });
}

// The workers' memory is files of a tmpfs, which they map.
void tmpfs(const Job& job) {
  char* const fixed = take(job.fixed);
  Gate& gate = *make_gate();
  in_processes(job.workers, [&](std::size_t) {
    std::string path = "/dev/shm/eat-XXXXXX";
    const int fd = ::mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0) fail("mkostemp");
    ::unlink(path.c_str());
    if (::ftruncate(fd, static_cast<off_t>(job.per_worker)) != 0)
      fail("ftruncate");
    void* const own = ::mmap(nullptr, job.per_worker, PROT_READ | PROT_WRITE,
                             MAP_SHARED, fd, 0);
    if (own == MAP_FAILED) fail("mmap");
    touch(static_cast<char*>(own), job.per_worker, 1);
    wait_for_all(gate, job.workers);
    keep(job.milliseconds);
  });
  give_back(fixed, job.fixed);
}

// Workers are programs of their own, started by a shell, as a build does. They
// find the others through a file that they inherit.
void programs(const Job& job) {
  char* const fixed = take(job.fixed);
  const int gate = ::memfd_create("gate", 0);
  if (gate < 0 || ::ftruncate(gate, kPage) != 0) fail("memfd_create");
  in_processes(job.workers, [&](std::size_t) {
    const std::string command =
        "\"" + job.self + "\" program " + std::to_string(job.workers) + " " +
        std::to_string(gate) + " " + std::to_string(job.per_worker / kMiB) +
        " " + std::to_string(job.milliseconds) + "; exit $?";
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    fail("sh");
  });
  give_back(fixed, job.fixed);
}

// One of those: FIXED is the descriptor of the file, a small number of MiB.
void program(const Job& job) {
  void* const at = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED,
                          static_cast<int>(job.fixed / kMiB), 0);
  if (at == MAP_FAILED) fail("mmap");
  char* const own = take(job.per_worker);
  wait_for_all(*static_cast<Gate*>(at), job.workers);
  keep(job.milliseconds);
  give_back(own, job.per_worker);
}

// Each worker starts short-lived children, one after the other: all of them
// their first at once, then their second, and so on.
void short_tasks(const Job& job) {
  char* const fixed = take(job.fixed);
  Gate& gate = *make_gate();
  in_processes(job.workers, [&](std::size_t) {
    for (std::size_t i = 1; i <= 8; ++i) {
      in_processes(1, [&](std::size_t) {
        char* const own = take(job.per_worker);
        wait_for_all(gate, i * job.workers);
        keep(job.milliseconds / 2);
        give_back(own, job.per_worker);
      });
    }
  });
  give_back(fixed, job.fixed);
}

// The workers outlive the process that started them.
void orphans(const Job& job) {
  char* const fixed = take(job.fixed);
  Gate& gate = *make_gate();
  in_processes(1, [&](std::size_t) {
    for (std::size_t i = 0; i < job.workers; ++i) {
      if (::fork() != 0) continue;
      char* const own = take(job.per_worker);
      wait_for_all(gate, job.workers);
      keep(job.milliseconds);
      give_back(own, job.per_worker);
      ++gate.ready;
      ::_exit(0);
    }
  });
  while (gate.ready < 2 * job.workers) pause(1);
  give_back(fixed, job.fixed);
}

// Four pieces of work, whatever the number of workers: not a line.
void split_work(const Job& job) {
  Job bounded = job;
  if (bounded.workers > 4) bounded.workers = 4;
  hold(bounded, in_threads, job.milliseconds);
}

const std::map<std::string, std::function<void(const Job&)>> kShapes = {
    {"threads",
     [](const Job& job) { hold(job, in_threads, job.milliseconds); }},
    {"processes",
     [](const Job& job) { hold(job, in_processes, job.milliseconds); }},
    {"thread-spike", [](const Job& job) { spike(job, in_threads); }},
    {"process-spike", [](const Job& job) { spike(job, in_processes); }},
    {"page-cache", page_cache},
    {"mapped-file", mapped_file},
    {"shared-memory", shared_memory},
    {"copy-on-write", copy_on_write},
    {"tmpfs", tmpfs},
    {"programs", programs},
    {"program", program},
    {"short-tasks", short_tasks},
    {"orphans", orphans},
    {"split-work", split_work},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || !kShapes.contains(argv[1])) {
    std::fprintf(stderr,
                 "usage: eat SHAPE WORKERS FIXED PER_WORKER "
                 "[MILLISECONDS [FOLDER]]\nshapes:");
    for (const auto& [name, run] : kShapes)
      std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  Job job;
  job.self = argv[0];
  job.workers = std::strtoul(argv[2], nullptr, 10);
  job.fixed = std::strtoul(argv[3], nullptr, 10) * kMiB;
  job.per_worker = std::strtoul(argv[4], nullptr, 10) * kMiB;
  if (argc > 5) job.milliseconds = std::atoi(argv[5]);
  if (argc > 6) job.folder = argv[6];
  if (::getenv("EAT_UNTIL_SEEN") && !::getenv("EAT_LOOKER"))
    ::setenv("EAT_LOOKER", std::to_string(::getppid()).c_str(), 1);
  const std::string now = std::to_string(g_start.time_since_epoch().count());
  ::setenv("EAT_START", now.c_str(), 0);
  g_start = Clock::time_point(
      Clock::duration(std::strtoll(::getenv("EAT_START"), nullptr, 10)));
  if (const char* const looker = ::getenv("EAT_LOOKER"))
    g_looker = "/proc/" + std::string(looker) + "/status";
  kShapes.at(argv[1])(job);
  return 0;
}
