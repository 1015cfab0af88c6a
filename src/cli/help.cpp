#include <fmt/format.h>

#include "cli/option_table.h"

namespace fitrun {
namespace {

struct VerbText {
  const char* usage;
  const char* about;
  const char* examples;
};

constexpr VerbText kRun = {
    "fitrun [OPTIONS] COMMAND [ARG...]\n"
    "       fitrun [OPTIONS] STAGE [--] [COMMAND [ARG...]]\n"
    "       fitrun plan|probe|check|measure ...\n"
    "       fitrun history|leases|jobs|request ...\n"
    "       fitrun list|show|init|help ...\n",
    "Becomes COMMAND with as many workers as fit in the free memory. STAGE, or "
    "the\n"
    "tool that COMMAND is (fitrun list), says what one costs; <threads> is the "
    "count.\n",
    "  fitrun make -j16     fitrun stages/html.toml -- ./render --jobs "
    "'<threads>'\n"};

constexpr VerbText kPlan = {
    "fitrun plan [OPTIONS] STAGE [-- COMMAND [ARG...]]\n"
    "       fitrun plan [OPTIONS] COMMAND [ARG...]\n",
    "Decides how many workers fit, explains every number and runs nothing.\n",
    "  fitrun plan make -j16\n"
    "  fitrun plan stages/html.toml\n"
    "  make -j\"$(fitrun plan --format threads make)\"\n"
    "  eval \"$(fitrun plan --format shell stages/html.toml)\"\n"};

constexpr VerbText kProbe = {
    "fitrun probe [OPTIONS]\n",
    "Shows every limit on memory that this machine knows, which one binds, "
    "and\n"
    "what to change to get more.\n",
    "  fitrun probe\n"
    "  fitrun probe --capture machine    (to send with a bug report)\n"};

constexpr VerbText kCheck = {
    "fitrun check STAGE...\n",
    "Reads descriptors and reports every mistake in them.\n",
    "  fitrun check stages/*.toml\n"};

constexpr VerbText kMeasure = {
    "fitrun measure [OPTIONS] [STAGE] -- COMMAND [ARG...]\n",
    "Runs COMMAND with several numbers of workers and learns what is fixed "
    "and\n"
    "what each worker adds. Standard input and output are /dev/null.\n",
    "  fitrun measure stages/html.toml -- ./render --jobs '<threads>'\n"
    "  fitrun measure --write --counts 1,2,4,8 stages/html.toml\n"
    "  fitrun measure -- make -B -j'<threads>'   (prints a descriptor)\n"};

constexpr VerbText kHistory = {
    "fitrun history [OPTIONS] [STAGE]\n",
    "Shows what recorded runs took, and what they have taught. Recorded is a "
    "run\nwhose costs nobody declared, and one with --watch or "
    "--retry-on-oom.\n",
    "  fitrun history stages/html.toml\n"};

constexpr VerbText kLeases = {
    "fitrun leases [OPTIONS]\n",
    "Lists what running launches have set aside, and those that wait.\n",
    "  fitrun leases\n"
    "  fitrun leases --format json\n"};

constexpr VerbText kJobs = {
    "fitrun jobs [OPTIONS] [SIZE]\n",
    "Prints how many workers of SIZE fit, at most as many as CPUs: nproc, if "
    "it\n"
    "knew about memory. Without SIZE a worker is taken for 2 GB.\n",
    "  make -j\"$(fitrun jobs 500M)\"\n"};

constexpr VerbText kRequest = {
    "fitrun request [OPTIONS] [STAGE [OPTIONS]] [-- COMMAND [ARG...]]\n",
    "Prints what to ask a scheduler for, so that the workers wanted fit in the "
    "job.\n"
    "Without --for, how that comes about and the text for each scheduler.\n",
    "  sbatch $(fitrun request make --want 16 --for slurm) job.sh\n"
    "  fitrun request --per-worker 2G --want 8 --for kubernetes\n"
    "  fitrun request stages/html.toml --want 4 --format bytes\n"};

constexpr VerbText kList = {
    "fitrun list\n",
    "Lists the stages and tools that can be named here, and where each "
    "stands.\n",
    "  fitrun list\n"};

constexpr VerbText kShow = {
    "fitrun show STAGE\n",
    "Shows a descriptor, what its costs come to and where each of them is "
    "said,\nand what its runs have taught.\n",
    "  fitrun show make\n"
    "  fitrun show make > ~/.config/fitrun/make.toml    (to change it)\n"};

constexpr VerbText kInit = {
    "fitrun init [TOOL]\n",
    "Writes a commented fitrun.toml for this project where there is none, with "
    "a\n"
    "stage for TOOL, or for what the files here are built or tested with.\n",
    "  fitrun init\n"
    "  fitrun init pytest\n"};

constexpr VerbText kHelp = {"fitrun help [COMMAND]\n",
                            "Prints what COMMAND --help prints.\n",
                            "  fitrun help plan\n"};

const VerbText& text_of(Verb verb) {
  switch (verb) {
    case Verb::plan:
      return kPlan;
    case Verb::probe:
      return kProbe;
    case Verb::check:
      return kCheck;
    case Verb::measure:
      return kMeasure;
    case Verb::history:
      return kHistory;
    case Verb::leases:
      return kLeases;
    case Verb::jobs:
      return kJobs;
    case Verb::request:
      return kRequest;
    case Verb::list:
      return kList;
    case Verb::show:
      return kShow;
    case Verb::init:
      return kInit;
    case Verb::help:
      return kHelp;
    case Verb::run:
      break;
  }
  return kRun;
}

}  // namespace

std::string help_text(Verb verb) {
  const VerbText& text = text_of(verb);
  std::string out = std::string("Usage: ") + text.usage + text.about + "\n";
  for (const OptionRow& row : option_table()) {
    if (!belongs_to(row, verb)) continue;
    std::string names = row.names;
    const std::size_t comma = names.find(',');
    if (comma == std::string::npos) {
      names.insert(0, "    ");
    } else {
      names.insert(comma + 1, " ");
    }
    if (row.value) names += fmt::format(" {}", row.value);
    out += fmt::format("  {:<28} {}\n", names, row.text);
  }
  return out + "\nExamples:\n" + text.examples;
}

}  // namespace fitrun
