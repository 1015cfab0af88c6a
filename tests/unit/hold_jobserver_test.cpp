#include <random>

#include "catch.h"
#include "hold/jobserver.h"

using namespace fitrun;
using std::chrono::seconds;

namespace {

const Tokens::Clock::time_point kNow = Tokens::Clock::now();

// As a server does between two events, with a client that takes all it can.
std::uint64_t taken_at_once(Tokens& tokens) {
  std::uint64_t count = 0;
  while (tokens.to_offer() > 0) {
    while (tokens.offered() < tokens.to_offer()) tokens.offer();
    count += tokens.offered();
    tokens.take(0);
  }
  return count;
}

SeenProcess process(pid_t pid, pid_t parent, std::uint64_t threads = 1) {
  SeenProcess seen;
  seen.id.pid = pid;
  seen.parent = parent;
  seen.threads = threads;
  return seen;
}

}  // namespace

TEST_CASE("a build ramps up from look to look", "[jobserver]") {
  Tokens tokens(15);
  CHECK(taken_at_once(tokens) == 6);
  CHECK(tokens.to_offer() == 0);
  // At the first look they may be too young to be known.
  tokens.look({0, 6}, kNow);
  CHECK(tokens.to_offer() == 0);
  tokens.look({0, 6}, kNow);
  CHECK(taken_at_once(tokens) == 6);
  tokens.look({0, 12}, kNow);
  tokens.look({0, 12}, kNow);
  CHECK(taken_at_once(tokens) == 3);
  CHECK(tokens.gone() == 15);
}

TEST_CASE("short jobs do not wait for a look", "[jobserver]") {
  Tokens tokens(15);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(tokens.to_offer() == 6);
    tokens.offer();
    tokens.take(0);
    tokens.give_back(1);
  }
  CHECK(tokens.gone() == 0);
}

TEST_CASE("while six jobs are held no token is on offer", "[jobserver]") {
  Tokens tokens(15);
  tokens.offer();
  tokens.look({6, 8}, kNow);
  CHECK(tokens.to_offer() == 0);
  tokens.withdraw();
  CHECK(tokens.gone() == 0);
  tokens.look({4, 8}, kNow);
  CHECK(taken_at_once(tokens) == 2);
}

TEST_CASE("where nobody holds any more all tokens are handed out",
          "[jobserver]") {
  Tokens tokens(15);
  tokens.look({8, 8}, kNow);
  tokens.let_go();
  CHECK(taken_at_once(tokens) == 15);
}

TEST_CASE("more than was given does not come back", "[jobserver]") {
  Tokens tokens(3);
  tokens.offer();
  tokens.take(0);
  tokens.offer();
  tokens.give_back(7);
  CHECK(tokens.offered() == 1);
  CHECK(tokens.gone() == 1);
  tokens.take(0);
  CHECK(taken_at_once(tokens) == 2);
}

TEST_CASE("tokens of killed clients are written off after ten seconds",
          "[jobserver]") {
  Tokens tokens(5);
  CHECK(taken_at_once(tokens) == 5);
  tokens.look({0, 2}, kNow);
  tokens.look({0, 3}, kNow + seconds(9));
  CHECK(tokens.gone() == 5);
  tokens.look({0, 1}, kNow + seconds(10));
  CHECK(tokens.gone() == 3);  // two were missing at each look
  SECTION("not where all were in use in between") {
    tokens.look({0, 3}, kNow + seconds(11));
    tokens.look({0, 2}, kNow + seconds(12));
    tokens.look({0, 3}, kNow + seconds(21));
    tokens.look({0, 2}, kNow + seconds(23));
    CHECK(tokens.gone() == 3);
  }
}

TEST_CASE("a server goes on where another was killed", "[jobserver]") {
  Tokens tokens(4, 3, 2);
  CHECK(tokens.offered() == 2);
  CHECK(tokens.to_offer() == 3);
  tokens.take(0);
  CHECK(tokens.gone() == 3);
  CHECK(taken_at_once(tokens) == 1);
}

TEST_CASE("no order of events gives more tokens than there are",
          "[jobserver]") {
  std::mt19937 dice(20'261'126);
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t all = dice() % 9;
    Tokens tokens(all);
    std::uint64_t out = 0;  // with clients, in truth
    for (int step = 0; step < 300; ++step) {
      switch (dice() % 4) {
        case 0:
          while (tokens.offered() < tokens.to_offer()) tokens.offer();
          while (tokens.offered() > tokens.to_offer()) tokens.withdraw();
          break;
        case 1: {
          const std::uint64_t left = dice() % (tokens.offered() + 1);
          out += tokens.offered() - left;
          tokens.take(left);
          break;
        }
        case 2:
          if (out == 0) break;
          tokens.give_back(1);
          --out;
          break;
        default:
          tokens.look({static_cast<std::uint32_t>(dice() % 8),
                       static_cast<std::uint32_t>(out)},
                      kNow + seconds(step));
      }
      REQUIRE(out <= all);
      REQUIRE(tokens.gone() == out + tokens.offered());
    }
    while (out-- > 0) tokens.give_back(1);
    while (tokens.offered() > 0) tokens.withdraw();
    for (int look = 0; look < 2; ++look) tokens.look({0, 0}, kNow);
    CHECK(taken_at_once(tokens) == std::min<std::uint64_t>(6, all));
  }
}

TEST_CASE("who may use a token", "[jobserver]") {
  // make with two compilations, each by a driver, and a sub-make that reads.
  CHECK(token_users({process(10, 1), process(11, 10), process(12, 11),
                     process(13, 10), process(14, 13), process(15, 10)}) == 2);
  // The same with a rustc of five threads in place of one compiler.
  CHECK(token_users({process(10, 1), process(11, 10), process(12, 11),
                     process(13, 10), process(14, 13, 5), process(15, 10)}) ==
        6);
  CHECK(token_users({process(10, 1)}) == 0);
  CHECK(token_users({}) == 0);
}
