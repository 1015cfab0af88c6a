#include "catch.h"
#include "share/standing.h"

using namespace fitrun;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kTaken = 5000 * kSecond;

Lease lease_of(LeaseKind kind = LeaseKind::held) {
  Lease lease;
  lease.kind = kind;
  lease.holder = {100, 777, 1, "boot"};
  lease.taken = kTaken;
  return lease;
}

Here here(std::uint64_t seconds_later, std::uint64_t pid_namespace = 1,
          const char* boot = "boot") {
  return {{200, 888, pid_namespace, boot}, kTaken + seconds_later * kSecond};
}

ProcessStat process(char state, std::uint64_t start,
                    std::uint64_t threads = 1) {
  ProcessStat stat;
  stat.pid = 100;
  stat.state = state;
  stat.start = start;
  stat.threads = threads;
  return stat;
}

}  // namespace

TEST_CASE("a holder is its pid and its start time", "[share]") {
  const Lease lease = lease_of();
  const auto see = [&](const std::optional<ProcessStat>& stat,
                       Existence existence = Existence::some) {
    return sight(lease, stat, existence);
  };
  CHECK(see(process('S', 777)) == Sighting::running);
  CHECK(see(process('R', 777, 8)) == Sighting::running);
  CHECK(see(process('T', 777)) == Sighting::stopped);
  // The pid again, another process.
  CHECK(see(process('S', 778)) == Sighting::gone);
  CHECK(see(process('S', 776)) == Sighting::gone);
  CHECK(see(process('Z', 777)) == Sighting::gone);
  // The first thread has ended, the process has not.
  CHECK(see(process('Z', 777, 3)) == Sighting::running);
  CHECK(see(std::nullopt, Existence::none) == Sighting::gone);
  CHECK(see(std::nullopt, Existence::some) == Sighting::hidden);
}

TEST_CASE("a lease holds as long as its holder, however long that is",
          "[share]") {
  const Lease lease = lease_of();
  CHECK(judge(lease, here(0), Sighting::running, 0) == Standing::running);
  CHECK(judge(lease, here(1000000), Sighting::running, 0) == Standing::running);
  CHECK(judge(lease, here(1), Sighting::stopped, 0) == Standing::stopped);
  CHECK(judge(lease, here(1), Sighting::hidden, 0) == Standing::running);
  CHECK(judge(lease, here(1), Sighting::gone, 0) == Standing::ended);
}

TEST_CASE("a reboot ends every lease", "[share]") {
  CHECK(judge(lease_of(), here(1, 1, "next"), Sighting::running, 5) ==
        Standing::ended);
}

TEST_CASE("what the holder left behind keeps the lease while it starts up",
          "[share]") {
  const Lease lease = lease_of();
  CHECK(judge(lease, here(599), Sighting::gone, 1) == Standing::left_behind);
  CHECK(judge(lease, here(600), Sighting::gone, 1) == Standing::ended);
  CHECK(judge(lease_of(LeaseKind::waiting), here(1), Sighting::gone, 1) ==
        Standing::ended);
}

TEST_CASE("a lease of another pid namespace is known by its marks", "[share]") {
  const Lease lease = lease_of();
  // The pid that is seen here is somebody else's.
  CHECK(judge(lease, here(1, 2), Sighting::running, 0) == Standing::unseen);
  CHECK(judge(lease, here(100000, 2), Sighting::gone, 2) == Standing::running);
  CHECK(judge(lease, here(599, 2), Sighting::gone, 0) == Standing::unseen);
  CHECK(judge(lease, here(600, 2), Sighting::gone, 0) == Standing::ended);
}

TEST_CASE("from the host every mark is seen, once the command has started",
          "[share]") {
  const Lease lease = lease_of();
  constexpr std::uint64_t kHost = 4026531836;
  CHECK(judge(lease, here(4, kHost), Sighting::gone, 0) == Standing::unseen);
  CHECK(judge(lease, here(5, kHost), Sighting::gone, 0) == Standing::ended);
  CHECK(judge(lease, here(5, kHost), Sighting::gone, 1) == Standing::running);
  // Another user's environment is not.
  CHECK(judge(lease, here(599, kHost), Sighting::gone, std::nullopt) ==
        Standing::unseen);
}

TEST_CASE("a clock that is behind does not end a lease", "[share]") {
  Here early = here(0);
  early.now = kTaken - kSecond;
  CHECK(judge(lease_of(), early, Sighting::gone, 1) == Standing::left_behind);
}

TEST_CASE("marks are looked for only where they decide", "[share]") {
  const Lease lease = lease_of();
  CHECK_FALSE(needs_marks(lease, here(1), Sighting::running));
  CHECK_FALSE(needs_marks(lease, here(1), Sighting::hidden));
  CHECK(needs_marks(lease, here(1), Sighting::gone));
  CHECK_FALSE(needs_marks(lease, here(600), Sighting::gone));
  CHECK(needs_marks(lease, here(600, 2), Sighting::gone));
  CHECK_FALSE(
      needs_marks(lease_of(LeaseKind::waiting), here(1), Sighting::gone));
  CHECK_FALSE(needs_marks(lease, here(1, 1, "next"), Sighting::gone));
}
