#include "catch.h"
#include "stage/edit.h"
#include "stage/parse.h"
#include "stage/toml_spans.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr EditedKey kFixed = EditedKey::fixed;
constexpr EditedKey kPerWorker = EditedKey::per_worker;
constexpr EditedKey kHeadroom = EditedKey::headroom;

std::string edited(std::string_view text,
                   const std::vector<NumberEdit>& edits) {
  return edit_descriptor(text, edits, "2026-01-31").value();
}

std::string refusal(std::string_view text,
                    const std::vector<NumberEdit>& edits) {
  const auto result = edit_descriptor(text, edits, "2026-01-31");
  return result ? "(none)" : result.error().message;
}

}  // namespace

TEST_CASE("spans are the bytes of the values", "[edit]") {
  const std::string text =
      "a = 1 # b = 2\n"
      "\"c d\" . e = [ 'x]', \"\"\"q\"]\"\"\", { f = 1.5, g = \"}\" } ]\n"
      "s = \"x\\\"y\" # z\nl = '''q''''\n"
      "[t]\nh = 1979-05-27T07:32:00Z\n[[u]]\ni = 1\n[[u]]\ni = [\n 2, # ]\n]\n";
  const auto spans = find_spans(text);
  REQUIRE(spans);
  std::vector<std::string> seen;
  for (const TomlSpan& span : *spans)
    seen.push_back(span.path + "=" +
                   text.substr(span.begin, span.end - span.begin));
  CHECK(seen == std::vector<std::string>{
                    "a=1",
                    "c d.e=[ 'x]', \"\"\"q\"]\"\"\", { f = 1.5, g = \"}\" } ]",
                    "c d.e[0]='x]'",
                    "c d.e[1]=\"\"\"q\"]\"\"\"",
                    "c d.e[2]={ f = 1.5, g = \"}\" }",
                    "c d.e[2].f=1.5",
                    "c d.e[2].g=\"}\"",
                    "s=\"x\\\"y\"",
                    "l='''q''''",
                    "t=[t]",
                    "t.h=1979-05-27T07:32:00Z",
                    "u[0]=[[u]]",
                    "u[0].i=1",
                    "u[1]=[[u]]",
                    "u[1].i=[\n 2, # ]\n]",
                    "u[1].i[0]=2",
                });
  for (const char* broken :
       {"a", "a =", "a = [1", "a = {b = 1", "a = \"x", "= 1", "[a", "a = ]",
        "a = \"\"\"x\"\"", "a = \"x\\", "[[a]"})
    CHECK_FALSE(find_spans(broken));
  CHECK_FALSE(find_spans("a = " + std::string(100'000, '[')));
}

TEST_CASE("spans are right whatever stands around them", "[edit]") {
  // Letters of several bytes before a value, line ends of Windows, a table that
  // is named after its parts, a place that dotted keys made.
  const std::string text =
      "\xEF\xBB\xBF[a.b]\r\n\"\u00e9\u3000\" = {\"\u00e9\" = 7} # "
      "\u00e9\r\n[a]\r\n"
      "  c.d.e = \"\u00e9\"\r\n c.d.f = \"\"\"\r\n\u3000\\\r\n x\"\"\"\r\n";
  const auto spans = find_spans(text);
  REQUIRE(spans);
  std::vector<std::string> seen;
  for (const TomlSpan& span : *spans) {
    seen.push_back(span.path + "=" +
                   text.substr(span.begin, span.end - span.begin));
    CHECK(std::string("[\"c").find(text[span.statement]) != std::string::npos);
  }
  CHECK(seen == std::vector<std::string>{
                    "a.b=[a.b]",
                    "a.b.\u00e9\u3000={\"\u00e9\" = 7}",
                    "a.b.\u00e9\u3000.\u00e9=7",
                    "a=[a]",
                    "a.c.d.e=\"\u00e9\"",
                    "a.c.d.f=\"\"\"\r\n\u3000\\\r\n x\"\"\"",
                });
}

TEST_CASE("only the numbers change", "[edit]") {
  const std::string text =
      "# stages/html.toml\r\n"
      "label = \"HTML\"   # a label\r\n"
      "\r\n"
      "[ram]\r\n"
      "  headroom   = 0.7 # the default\r\n"
      "  # what each page takes\r\n"
      "  per_worker = \"350MB\"\t# guessed\r\n"
      "fixed = [\"64MiB\", { file = \"p.json\", parse_factor = 6.0 } ] # "
      "two\r\n"
      "[inject.env]\r\n"
      "N = \"<threads>\"";
  const std::string expected =
      "# stages/html.toml\r\n"
      "label = \"HTML\"   # a label\r\n"
      "\r\n"
      "[ram]\r\n"
      "  # fitrun measure, 2026-01-31: was 0.7\r\n"
      "  headroom   = 0.93 # the default\r\n"
      "  # what each page takes\r\n"
      "  # fitrun measure, 2026-01-31: was \"350MB\"\r\n"
      "  per_worker = \"412.4MB\"\t# guessed\r\n"
      "# fitrun measure, 2026-01-31: was \"64MiB\", 6.0\r\n"
      "fixed = [\"100MiB\", { file = \"p.json\", parse_factor = 5.25 } ] # "
      "two\r\n"
      "[inject.env]\r\n"
      "N = \"<threads>\"";
  const std::vector<NumberEdit> edits = {
      {Pool::ram, kHeadroom, 0, 0.93},
      {Pool::ram, kPerWorker, 0, 412'345'678},
      {Pool::ram, kFixed, 0, 100.0 * (1U << 20)},
      {Pool::ram, kFixed, 1, 5.25},
  };
  CHECK(edited(text, edits) == expected);
  SECTION("and once more, the comments are replaced and not added") {
    const std::string again =
        edited(expected, {{Pool::ram, kPerWorker, 0, 500e6}});
    CHECK_THAT(again, ContainsSubstring("was \"412.4MB\"\r\n  per_worker = "
                                        "\"500MB\"\t# guessed\r\n"));
    CHECK_THAT(again, !ContainsSubstring("350MB"));
    CHECK_THAT(again,
               ContainsSubstring("# what each page takes\r\n  # fitrun"));
  }
  SECTION("and a number that stays is not touched") {
    CHECK(edited(text, {{Pool::ram, kHeadroom, 0, 0.7}}) == text);
    CHECK(edited(text, {}) == text);
  }
}

TEST_CASE("sizes are written as they were", "[edit]") {
  CHECK(size_like(412'345'678, "\"350MB\"") == "\"412.4MB\"");
  CHECK(size_like(412'345'678, "'1 gb'") == "'412.4MB'");
  CHECK(size_like(412'345'678, "\"1GiB\"") == "\"393.3MiB\"");
  CHECK(size_like(412'345'678, "\"350M\"") == "\"393.3M\"");
  CHECK(size_like(412'345'678, "350_000_000") == "412400000");
  CHECK(size_like(412'345'678, "\"350000000\"") == "\"412345678\"");
  CHECK(size_like(412'345'678, "") == "\"412.4MB\"");
  CHECK(size_like(9.4e9, "\"9GB\"") == "\"9400MB\"");
  CHECK(size_like(15.36e9, "\"9GB\"") == "\"15.36GB\"");
  CHECK(size_like(1234.2, "\"2KB\"") == "\"1235\"");
  CHECK(size_like(0, "\"2KB\"") == "\"0\"");
  CHECK(size_like(0, "7") == "0");
  // Never less than what was learned, and at most a thousandth more.
  for (double bytes = 1; bytes < 1e15; bytes *= 1.37) {
    for (const char* old : {"\"1MB\"", "\"1MiB\"", "\"1G\"", "1", "\"1\""}) {
      std::string text = size_like(bytes, old);
      if (text[0] == '"') text = text.substr(1, text.size() - 2);
      const double written =
          static_cast<double>(parse_size(text).value().count);
      CAPTURE(bytes, old, text);
      CHECK(written >= bytes - 1);
      CHECK(written <= bytes * 1.001 + 1);
    }
  }
}

TEST_CASE("a comment stands after the byte order mark", "[edit]") {
  CHECK(edited("\xEF\xBB\xBFram.per_worker = 5",
               {{Pool::ram, kPerWorker, 0, 7}}) ==
        "\xEF\xBB\xBF# fitrun measure, 2026-01-31: was 5\nram.per_worker = 7");
}

TEST_CASE("what is missing is added", "[edit]") {
  CHECK(
      edited("[ram] # x\nper_worker = 10\n",
             {{Pool::ram, kFixed, 0, 64e6}, {Pool::ram, kHeadroom, 0, 0.9}}) ==
      "[ram] # x\n"
      "# fitrun measure, 2026-01-31: was not set\nfixed = \"64MB\"\n"
      "# fitrun measure, 2026-01-31: was not set\nheadroom = 0.9\n"
      "per_worker = 10\n");
  CHECK(edited("label = 'x'", {{Pool::ram, kFixed, 0, 64e6},
                               {Pool::ram, kPerWorker, 0, 32e6}}) ==
        "label = 'x'\n\n[ram]\n"
        "# fitrun measure, 2026-01-31: was not set\nfixed = \"64MB\"\n"
        "# fitrun measure, 2026-01-31: was not set\nper_worker = \"32MB\"\n");
  CHECK(
      edited("[ram]\nfixed = { file = 'a' }\n", {{Pool::ram, kFixed, 0, 2}}) ==
      "[ram]\n# fitrun measure, 2026-01-31: was no parse_factor\n"
      "fixed = { file = 'a', parse_factor = 2.0 }\n");
  CHECK(
      edited("[vram.fixed] # y\nfile = 'a'\n", {{Pool::vram, kFixed, 0, 2}}) ==
      "[vram.fixed] # y\nparse_factor = 2.0\nfile = 'a'\n");
  CHECK(
      edited("[[ram.fixed]]\nfile = 'a'\nparse_factor = 1\n[[ram.fixed]]\n"
             "file = 'b'\nparse_factor = 1\n",
             {{Pool::ram, kFixed, 1, 3}}) ==
      "[[ram.fixed]]\nfile = 'a'\nparse_factor = 1\n[[ram.fixed]]\n"
      "file = 'b'\n# fitrun measure, 2026-01-31: was 1\nparse_factor = 3.0\n");
}

TEST_CASE("what cannot be done in place is refused", "[edit]") {
  CHECK_THAT(refusal("ram = { per_worker = 1 }\n", {{Pool::ram, kFixed, 0, 1}}),
             ContainsSubstring("not written as a table [ram]"));
  CHECK_THAT(refusal("[ram]\nfixed = []\n", {{Pool::ram, kFixed, 0, 1}}),
             ContainsSubstring("ram.fixed has no term 1"));
  CHECK_THAT(refusal("ram.fixed.file = 'a'\n", {{Pool::ram, kFixed, 0, 1}}),
             ContainsSubstring("ram.fixed has no term 1"));
  CHECK_THAT(refusal("[ram]\nfixed = 1\n", {{Pool::ram, kFixed, 1, 1}}),
             ContainsSubstring("ram.fixed has no term 2"));
  CHECK_THAT(refusal("[ram\n", {{Pool::ram, kFixed, 0, 1}}),
             ContainsSubstring("not a TOML text"));
}

TEST_CASE("the edited text parses to the new numbers", "[edit]") {
  const std::string text =
      "ram = { fixed = [1000, \"2KB\", { file = 'x' }],"
      " per_worker = \"5MB\" }\n";
  const std::string after = edited(text, {{Pool::ram, kFixed, 1, 30'000},
                                          {Pool::ram, kFixed, 2, 1.5},
                                          {Pool::ram, kPerWorker, 0, 7e6}});
  const auto parsed = parse_stage(after, "x.toml", Environment());
  if (!std::holds_alternative<Stage>(parsed))
    FAIL(std::get<1>(parsed).at(0).message);
  const PoolNeeds& needs = std::get<Stage>(parsed).pools.at(0);
  REQUIRE(needs.fixed.size() == 3);
  CHECK(std::get<Bytes>(needs.fixed[0].amount).count == 1000);
  CHECK(std::get<Bytes>(needs.fixed[1].amount).count == 30'000);
  CHECK(std::get<FileCost>(needs.fixed[2].amount).parse_factor == 1.5);
  CHECK(std::get<Bytes>(needs.per_worker[0].amount).count == 7'000'000);
}
