// A job of workers that use memory, all at the same time.
//
//   eater WORKERS SIZE [hold]
//
// Starts WORKERS processes; each maps SIZE (a number with an optional KiB, MiB
// or GiB) and writes to every page of it. When all have done so it prints
// "WORKERS workers of SIZE" and ends with 0; with `hold` it first waits for the
// end of its standard input. Should a worker die before, it stops at once, says
// of what and ends with 1: nobody has to guess from a status of 137.
//
// Linked statically, so that it runs where there is nothing else.

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

struct Worker {
  pid_t pid;
  int progress;  // one byte comes when all pages are written
};

std::size_t size_of(const char* text) {
  char* unit = nullptr;
  const unsigned long long number = std::strtoull(text, &unit, 10);
  const char* const units[] = {"", "KiB", "MiB", "GiB"};
  for (unsigned i = 0; i < 4; ++i) {
    if (std::strcmp(unit, units[i]) == 0 && unit != text)
      return static_cast<std::size_t>(number << (10U * i));
  }
  std::fprintf(stderr, "eater: not a size: %s\n", text);
  std::exit(2);
}

// Each page differs, so that no kernel can merge or compress them away.
void use(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("eater: mmap");
    _exit(3);
  }
  auto* const first = static_cast<volatile std::size_t*>(memory);
  const std::size_t stride = page / sizeof(std::size_t);
  for (std::size_t i = 0; i * page < bytes; ++i) {
    first[i * stride] = i * 0x9E3779B97F4A7C15U + 1;
  }
}

// `go` closes when every worker is done, or when the job is over.
Worker start_worker(std::size_t bytes, const int (&go)[2]) {
  int progress[2];
  if (pipe(progress) != 0) {
    std::perror("eater: pipe");
    std::exit(3);
  }
  const pid_t pid = fork();
  if (pid == 0) {
    close(go[1]);
    close(progress[0]);
    use(bytes);
    char byte = 1;
    if (write(progress[1], &byte, 1) != 1) _exit(3);
    while (read(go[0], &byte, 1) < 0 && errno == EINTR) continue;
    _exit(0);
  }
  close(progress[1]);
  return {pid, progress[0]};
}

bool came(const Worker& worker) {
  char byte = 0;
  return read(worker.progress, &byte, 1) == 1;
}

// Until standard input ends; false once a worker has died.
bool hold(const std::vector<Worker>& workers) {
  std::vector<pollfd> files{{STDIN_FILENO, POLLIN, 0}};
  for (const Worker& worker : workers) files.push_back({worker.progress, 0, 0});
  for (;;) {
    if (poll(files.data(), files.size(), -1) < 0 && errno != EINTR)
      return false;
    const auto died = [](const pollfd& file) { return file.revents != 0; };
    if (std::any_of(files.begin() + 1, files.end(), died)) return false;
    char byte = 0;
    if (files[0].revents != 0 && read(STDIN_FILENO, &byte, 1) <= 0) return true;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: eater WORKERS SIZE [hold]\n", stderr);
    return 2;
  }
  const int count = std::atoi(argv[1]);
  const std::size_t bytes = size_of(argv[2]);
  signal(SIGPIPE, SIG_IGN);
  int go[2];
  if (pipe(go) != 0) return 3;
  std::vector<Worker> workers;
  workers.reserve(static_cast<std::size_t>(std::max(count, 0)));
  for (int i = 0; i < count; ++i) workers.push_back(start_worker(bytes, go));

  bool all = true;
  for (const Worker& worker : workers) all = came(worker) && all;
  if (all) {
    std::printf("%d workers of %s\n", count, argv[2]);
    std::fflush(stdout);
    if (argc > 3) all = hold(workers);
  }
  close(go[1]);
  int failed = all ? 0 : 1;
  for (const Worker& worker : workers) {
    int status = 0;
    waitpid(worker.pid, &status, 0);
    if (status == 0) continue;
    failed = 1;
    if (WIFSIGNALED(status)) {
      std::fprintf(stderr, "eater: a worker died of signal %d\n",
                   WTERMSIG(status));
    }
  }
  return failed;
}
