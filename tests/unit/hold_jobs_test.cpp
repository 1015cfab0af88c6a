#include <string>
#include <vector>

#include "catch.h"
#include "hold/job_key.h"
#include "hold/jobs.h"

using namespace fitrun;

namespace {

using Words = std::vector<std::string>;

SeenProcess process(pid_t pid, pid_t parent, Words argv,
                    std::uint64_t bytes = 1) {
  return {{pid, 77}, parent, std::move(argv), bytes};
}

// The pids of the roots.
std::vector<pid_t> roots(const std::vector<SeenProcess>& tree,
                         const JobView& view) {
  std::vector<pid_t> pids;
  for (const Job& job : view.jobs) pids.push_back(tree[job.root].id.pid);
  return pids;
}

}  // namespace

TEST_CASE("a job's words are behind what only starts it", "[hold]") {
  const Words gcc{"g++", "-c", "a.cpp"};
  CHECK(own_words(gcc) == gcc);
  CHECK(own_words({"/bin/sh", "-c", "g++ -c a.cpp"}) == gcc);
  CHECK(own_words({"bash", "-ec", "cd x && CC=y g++ -c 'a.cpp'"}) == gcc);
  CHECK(own_words({"sh", "-c", "--", "g++ -c a.cpp"}) == gcc);
  CHECK(own_words({"sh", "-c", ""}) == Words{"sh", "-c", ""});
  CHECK(own_words({"sh", "build.sh", "-c"}) == Words{"sh", "build.sh", "-c"});
  CHECK(own_words({"env", "-u", "X", "A=1", "nice", "-n", "5", "g++", "-c",
                   "a.cpp"}) == gcc);
  CHECK(own_words({"/usr/bin/ccache", "g++", "-c", "a.cpp"}) == gcc);
  CHECK(own_words({"time", "-p", "timeout", "-k", "1", "60", "g++", "-c",
                   "a.cpp"}) == gcc);
  CHECK(own_words({"/bin/bash", "../libtool", "--tag=CXX", "--mode=compile",
                   "g++", "-c", "a.cpp"}) == gcc);
  // Nothing is behind it: the words are its own.
  CHECK(own_words({"env"}) == Words{"env"});
  CHECK(own_words({}).empty());
  // As deep as one likes, and it ends.
  Words deep(1000, "nice");
  CHECK_FALSE(own_words(deep).empty());
}

TEST_CASE("a job has the same name in each build", "[hold]") {
  CHECK(job_key({"/usr/bin/g++", "-c", "a.cpp", "-o", "a.o"}, "") ==
        "g++ -c a.cpp -o a.o");
  CHECK(job_key({"as", "-o", "a.o", "/tmp/ccXYZ.s"}, "") == "as -o a.o");
  CHECK(job_key({"gcc", "-frandom-seed=1234", "-c", "x.c"}, "") ==
        "gcc -frandom-seed= -c x.c");
  CHECK(job_key({"gcc", "-I/p/q/include", "/p/q/x.c"}, "/p/q") ==
        "gcc -Iinclude x.c");
  // A project in /tmp: its files are no passing ones.
  CHECK(job_key({"gcc", "/tmp/q/x.c", "/tmp/cc1.s"}, "/tmp/q") == "gcc x.c");
  const Words a{"ld", std::string(500, 'x') + "a"};
  const Words b{"ld", std::string(500, 'x') + "b"};
  CHECK(job_key(a, "").size() <= 170);
  CHECK(job_key(a, "") != job_key(b, ""));
  CHECK(job_key({"gcc", "caf\xe9.c"}, "") == "gcc caf\\xe9.c");
  CHECK(job_key({}, "").empty());
}

TEST_CASE("a job's kind is its program and what that does", "[hold]") {
  CHECK(job_kind({"sh", "-c", "g++-12 -O2 -c a.cpp"}) == "g++-12 -c");
  CHECK(job_kind({"g++", "a.o", "b.o", "-o", "x"}) == "g++ link");
  CHECK(job_kind({"aarch64-linux-gnu-gcc-12", "-shared", "a.o"}) ==
        "aarch64-linux-gnu-gcc-12 -shared");
  CHECK(job_kind({"python3.11", "-u", "tools/gen.py", "x"}) ==
        "python3.11 gen.py");
  CHECK(job_kind({"python3", "-m", "pytest"}) == "python3 -m pytest");
  CHECK(job_kind({"/usr/bin/ar", "rc", "x.a"}) == "ar");
  CHECK(job_kind({}).empty());
}

TEST_CASE("jobs are what clients start", "[hold]") {
  const std::vector<SeenProcess> tree{
      process(10, 1, {"make", "-j4"}, 100),
      process(11, 10, {"sh", "-c", "g++ -c a.cpp"}, 1),
      process(12, 11, {"g++", "-c", "a.cpp"}, 2),
      process(13, 12, {"cc1plus", "a.cpp"}, 40),
      process(14, 10, {"g++", "-c", "b.cpp"}, 3),
      // A recipe with a make in it is a client down to that.
      process(20, 10, {"sh", "-c", "cd sub && make"}, 5),
      process(21, 20, {"make"}, 50),
      process(22, 21, {"ld", "x.o"}, 7),
      // An orphan that a job has left.
      process(30, 1, {"cache-server"}, 1000),
  };
  const JobView view = jobs_in(tree, 10);
  CHECK(roots(tree, view) == std::vector<pid_t>{11, 14, 22});
  CHECK(view.jobs[0].bytes == 43);
  CHECK(view.jobs[0].members == std::vector<std::size_t>{1, 2, 3});
  CHECK(view.jobs[1].bytes == 3);
  CHECK(view.base == 100 + 5 + 50 + 1000);
}

TEST_CASE("the command is a client whatever it is called", "[hold]") {
  const std::vector<SeenProcess> tree{
      process(10, 1, {"./render"}, 100), process(11, 10, {"./render"}, 4),
      process(12, 10, {"./render"}, 5), process(13, 12, {"helper"}, 6)};
  const JobView view = jobs_in(tree, 10);
  CHECK(roots(tree, view) == std::vector<pid_t>{11, 12});
  CHECK(view.jobs[1].bytes == 11);
  CHECK(view.base == 100);
  CHECK(jobs_in({}, 10).jobs.empty());
  // No loop is too much: pids that were used again.
  const std::vector<SeenProcess> loop{process(2, 3, {"a"}),
                                      process(3, 2, {"b"})};
  CHECK(jobs_in(loop, 10).jobs.empty());
  CHECK(jobs_in(loop, 10).base == 2);
}

TEST_CASE("who starts jobs is known by name", "[hold]") {
  CHECK(is_client({"/usr/bin/make", "-j4"}));
  CHECK(is_client({"perl", "/usr/bin/parallel", "-j8"}));
  CHECK(is_client({"/usr/bin/python3", "/usr/bin/meson", "compile"}));
  CHECK_FALSE(is_client({"sh", "-c", "make"}));
  CHECK_FALSE(is_client({"g++"}));
  CHECK_FALSE(is_client({}));
}
