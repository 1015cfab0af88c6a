#include "catch.h"
#include "share/lease_state.h"

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

Viewpoint view(std::uint64_t seconds_later, std::uint64_t pid_namespace = 1,
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
    return holder_state(lease, view(0), stat, existence);
  };
  CHECK(see(process('S', 777)) == HolderState::running);
  CHECK(see(process('R', 777, 8)) == HolderState::running);
  CHECK(see(process('T', 777)) == HolderState::stopped);
  // The pid again, another process.
  CHECK(see(process('S', 778)) == HolderState::gone);
  CHECK(see(process('S', 776)) == HolderState::gone);
  CHECK(see(process('Z', 777)) == HolderState::gone);
  // The first thread has ended, the process has not.
  CHECK(see(process('Z', 777, 3)) == HolderState::running);
  CHECK(see(std::nullopt, Existence::none) == HolderState::gone);
  CHECK(see(std::nullopt, Existence::some) == HolderState::hidden);
}

TEST_CASE("in another time namespace a pid is all that tells of a holder",
          "[share]") {
  Lease lease = lease_of();
  lease.holder.time_namespace = 8;
  const auto see = [&](const std::optional<ProcessStat>& stat) {
    return holder_state(lease, view(0), stat, Existence::none);
  };
  CHECK(see(process('S', 777)) == HolderState::unknown);
  CHECK(see(process('S', 778)) == HolderState::unknown);
  CHECK(see(process('Z', 778)) == HolderState::gone);
  CHECK(see(std::nullopt) == HolderState::gone);
  // It counts for as long as it takes, be it older than any ramp.
  CHECK(lease_state(lease, view(1000000), HolderState::unknown, 0) ==
        LeaseState::unseen);
  CHECK(lease_state(lease, view(1), HolderState::unknown, 1) ==
        LeaseState::running);
  CHECK(needs_marks(lease, view(1), HolderState::unknown));
}

TEST_CASE("a lease holds as long as its holder, however long that is",
          "[share]") {
  const Lease lease = lease_of();
  CHECK(lease_state(lease, view(0), HolderState::running, 0) ==
        LeaseState::running);
  CHECK(lease_state(lease, view(1000000), HolderState::running, 0) ==
        LeaseState::running);
  CHECK(lease_state(lease, view(1), HolderState::stopped, 0) ==
        LeaseState::stopped);
  CHECK(lease_state(lease, view(1), HolderState::hidden, 0) ==
        LeaseState::running);
  CHECK(lease_state(lease, view(1), HolderState::gone, 0) == LeaseState::ended);
}

TEST_CASE("a reboot ends every lease", "[share]") {
  CHECK(lease_state(lease_of(), view(1, 1, "next"), HolderState::running, 5) ==
        LeaseState::ended);
}

TEST_CASE("what the holder left behind keeps the lease while it starts up",
          "[share]") {
  const Lease lease = lease_of();
  CHECK(lease_state(lease, view(119), HolderState::gone, 1) ==
        LeaseState::left_behind);
  CHECK(lease_state(lease, view(120), HolderState::gone, 1) ==
        LeaseState::ended);
  CHECK(lease_state(lease_of(LeaseKind::waiting), view(1), HolderState::gone,
                    1) == LeaseState::ended);
}

TEST_CASE("a lease of another pid namespace is known by its marks", "[share]") {
  const Lease lease = lease_of();
  // The pid that is seen here is somebody else's.
  CHECK(lease_state(lease, view(1, 2), HolderState::running, 0) ==
        LeaseState::unseen);
  CHECK(lease_state(lease, view(100000, 2), HolderState::gone, 2) ==
        LeaseState::running);
  CHECK(lease_state(lease, view(119, 2), HolderState::gone, 0) ==
        LeaseState::unseen);
  CHECK(lease_state(lease, view(120, 2), HolderState::gone, 0) ==
        LeaseState::ended);
}

TEST_CASE("from the host every mark is seen, once the command has started",
          "[share]") {
  const Lease lease = lease_of();
  constexpr std::uint64_t kHost = 4026531836;
  CHECK(lease_state(lease, view(4, kHost), HolderState::gone, 0) ==
        LeaseState::unseen);
  CHECK(lease_state(lease, view(5, kHost), HolderState::gone, 0) ==
        LeaseState::ended);
  CHECK(lease_state(lease, view(5, kHost), HolderState::gone, 1) ==
        LeaseState::running);
  // Another user's environment is not.
  CHECK(lease_state(lease, view(119, kHost), HolderState::gone, std::nullopt) ==
        LeaseState::unseen);
}

TEST_CASE("a clock that is behind does not end a lease", "[share]") {
  Viewpoint early = view(0);
  early.now = kTaken - kSecond;
  CHECK(lease_state(lease_of(), early, HolderState::gone, 1) ==
        LeaseState::left_behind);
}

TEST_CASE("marks are looked for only where they decide", "[share]") {
  const Lease lease = lease_of();
  CHECK_FALSE(needs_marks(lease, view(1), HolderState::running));
  CHECK_FALSE(needs_marks(lease, view(1), HolderState::hidden));
  CHECK(needs_marks(lease, view(1), HolderState::gone));
  CHECK_FALSE(needs_marks(lease, view(120), HolderState::gone));
  CHECK(needs_marks(lease, view(120, 2), HolderState::gone));
  CHECK_FALSE(
      needs_marks(lease_of(LeaseKind::waiting), view(1), HolderState::gone));
  CHECK_FALSE(needs_marks(lease, view(1, 1, "next"), HolderState::gone));
}
