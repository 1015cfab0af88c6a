#include <cerrno>
#include <random>
#include <string>

#include "catch.h"
#include "share/lease.h"

using namespace fitrun;

namespace {

Lease example() {
  Lease lease;
  lease.id = "00112233445566ff";
  lease.holder = {1234, 567890, 4026531836,
                  "6c3fd9eb-de60-432c-862a-8955827299a5", 4026531834};
  lease.writer = lease.holder;
  lease.writer->pid = 1240;
  lease.taken = 123456789;
  lease.since = 1779278587;
  lease.threads = 4;
  lease.within = "ffeeddccbbaa9988";
  lease.levels = {"32:3005", "32:1", "slurm:17"};
  lease.holdings = {{Pool::ram, "", 17179869184},
                    {Pool::vram, "GPU-8932f937", 4294967296}};
  lease.label = "HTML pages";
  return lease;
}

constexpr char kText[] =
    "fitrun-lease 2\n"
    "id 00112233445566ff\n"
    "kind held\n"
    "holder 1234 567890 4026531836 4026531834 "
    "6c3fd9eb-de60-432c-862a-8955827299a5\n"
    "writer 1240 567890 4026531836 4026531834 "
    "6c3fd9eb-de60-432c-862a-8955827299a5\n"
    "taken 123456789\n"
    "since 1779278587\n"
    "threads 4\n"
    "within ffeeddccbbaa9988\n"
    "level 32:3005\n"
    "level 32:1\n"
    "level slurm:17\n"
    "ram 17179869184\n"
    "vram GPU-8932f937 4294967296\n"
    "label HTML pages\n"
    "end\n";

std::string with(std::string_view old, std::string_view fresh) {
  std::string text = kText;
  const std::size_t at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), fresh);
}

}  // namespace

TEST_CASE("a lease is a text with one fact per line", "[share]") {
  CHECK(format_lease(example()) == kText);
}

TEST_CASE("a lease is read as it was written", "[share]") {
  const Result<Lease> lease = parse_lease(kText);
  REQUIRE(lease);
  CHECK(*lease == example());

  Lease least;
  least.id = "0000000000000000";
  least.kind = LeaseKind::waiting;
  least.holder = {1, 0, 0, "b"};
  const Result<Lease> again = parse_lease(format_lease(least));
  REQUIRE(again);
  CHECK(*again == least);
}

TEST_CASE("what is not exactly a lease is refused", "[share]") {
  struct Row {
    const char* old;
    const char* fresh;
  };
  const Row row = GENERATE(values<Row>({
      {"fitrun-lease 2\n", ""},
      {"fitrun-lease 2", "fitrun-lease1"},
      {"00112233445566ff", "00112233445566FF"},
      {"00112233445566ff", "../../etc/passwd"},
      {"00112233445566ff", "0011"},
      {"kind held", "kind holds"},
      {"kind held\n", ""},
      {"holder 1234", "holder 0"},
      {"holder 1234", "holder -1"},
      {"holder 1234", "holder 2147483648"},
      {"holder 1234", "holder 99999999999999999999999"},
      {"holder 1234 567890", "holder 1234"},
      {"holder 1234 567890", "holder 1234 567890 1"},
      {"holder 1234 567890", "holder 1234  567890"},
      {"writer 1240", "writer 0"},
      {"writer 1240 567890", "writer 1240"},
      {"taken 123456789", "taken 18446744073709551616"},
      {"taken 123456789", "taken "},
      {"taken 123456789", "taken 1e9"},
      {"since 1779278587\n", "since 1\nsince 1\n"},
      {"threads 4", "threads four"},
      {"threads 4\n", "threads 4\nnice 19\n"},
      {"within ffeeddccbbaa9988", "within f"},
      {"ram 17179869184", "ram 1.5"},
      {"ram 17179869184", "ram -1"},
      {"ram 17179869184\n", "ram 1\nram 2\n"},
      {"GPU-8932f937 4294967296", "GPU-8932f937"},
      {"label HTML pages", "label HTML\tpages"},
      {"label HTML pages", "label HTML\x1b[2Jpages"},
      {"label HTML pages", "label  HTML pages"},
      {"label HTML pages\n", "label HTML pages"},
      {"label HTML pages\n", "label HTML pages\n\n"},
      {"label HTML pages\n", "label HTML pages\nlabel again\n"},
      {"level 32:1\n", "level 32:1 \n"},
      {"end\n", "end"},
      {"end\n", "end\nend\n"},
      {"end\n", ""},
  }));
  CAPTURE(row.old, row.fresh);
  const Result<Lease> lease = parse_lease(with(row.old, row.fresh));
  REQUIRE_FALSE(lease);
  CHECK(lease.error().code == EINVAL);
}

TEST_CASE("a lease of another fitrun is told from a broken one", "[share]") {
  for (const char* text :
       {"fitrun-lease 3\nsomething entirely different\n",
        "fitrun-lease 1\nid 00112233445566ff\nkind held\nholder 12 34 1 boot\n"
        "taken 1\nsince 1\nthreads 1\nram 1000\nend\n"}) {
    const Result<Lease> lease = parse_lease(text);
    REQUIRE_FALSE(lease);
    CHECK(lease.error().code == ENOTSUP);
  }
}

TEST_CASE("no text makes the parser do more than refuse", "[share]") {
  CHECK_FALSE(parse_lease(""));
  CHECK_FALSE(parse_lease(std::string(kLargestLease + 1, 'x')));
  const std::string level(120, 'x');
  std::string many = kText;
  for (int i = 0; i < 100; ++i)
    many.insert(many.find("ram "), "level " + level + "\n");
  CHECK_FALSE(parse_lease(many));
  CHECK_FALSE(parse_lease(with("32:3005", std::string(129, '1'))));

  // Cut off anywhere, it is not a lease; with a byte changed anywhere, it is
  // none or another one, and never the same.
  std::mt19937 random(1);
  const std::string text = kText;
  for (std::size_t i = 0; i < text.size(); ++i) {
    CHECK_FALSE(parse_lease(text.substr(0, i)));
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ (1 + random() % 255));
    const Result<Lease> lease = parse_lease(changed);
    if (lease) CHECK_FALSE(*lease == example());
  }
}

TEST_CASE("a label is one line of bounded length", "[share]") {
  Lease lease = example();
  lease.label = " a\nfitrun-lease 2\n" + std::string(200, 'x');
  const Result<Lease> again = parse_lease(format_lease(lease));
  REQUIRE(again);
  // 100 bytes, of which one was a leading blank.
  CHECK(again->label == "a fitrun-lease 2 " + std::string(82, 'x'));
}

TEST_CASE("more levels than a lease may have are cut at the far end",
          "[share]") {
  Lease lease = example();
  lease.levels.clear();
  for (int i = 0; i < 100; ++i) lease.levels.push_back(std::to_string(i));
  const Result<Lease> again = parse_lease(format_lease(lease));
  REQUIRE(again);
  REQUIRE(again->levels.size() == 64);
  CHECK(again->levels.back() == "63");
}
