// A tool: a program that people already start with a number of workers ("make
// -j16"), and how its command line says that number. The [tool] table of a
// descriptor.
//
// Plain values. plan/tool_line.h reads a command line by them and puts the
// count that fits in place of the one that was asked for.

#pragma once

#include <string>
#include <vector>

namespace fitrun {

// What its workers are, which decides how memory is saved while it runs.
enum class JobKind {
  processes,  // each job is a process of its own, started when it is due
  workers,    // processes that are started once and take many jobs
  threads,    // threads of one process
};

struct Tool {
  // How a command line begins: words, the first of them a program's basename. A
  // word that ends in "*" stands for all that begin like it.
  std::vector<std::vector<std::string>> commands;
  std::vector<std::string> count;  // options for the number: "-j", "--jobs"
  // What may stand in place of the number and is about the CPUs: a word for all
  // of them ("auto"), "" (the option alone), and with N for a number "N%", "NC"
  // (a share of them), "+N" and "-N" (more or fewer).
  std::vector<std::string> cpus;
  std::vector<std::string> one;     // options that say one worker: "--serial"
  std::vector<std::string> values;  // other options that take the next word
  // Those whose word tells one kind of work from another: make's "-C".
  std::vector<std::string> kind;
  // Those without a word that do the same: "-9" of xz.
  std::vector<std::string> kind_flags;
  bool files = false;            // operands are files, and tell no kind
  std::vector<std::string> end;  // where its own options end: "--"
  bool stops_at_word = false;    // they end at the first word that is none
  // Put behind the words of `commands` where the command line says no number;
  // where it begins with "...", behind the words that are no options there.
  std::vector<std::string> insert;
  // Variables that say the number where the command line does not, the first
  // before the others: as a number or, as MAKEFLAGS does, by the options above.
  // Where one does, the count goes into the command line, which wins over it.
  std::vector<std::string> variables;
  JobKind jobs = JobKind::processes;
  // It takes part in GNU make's jobserver where MAKEFLAGS names its pipes, and
  // has no count of its own then.
  bool jobserver = false;
  // The first version that takes part in one that is a FIFO, "1.13", and in no
  // other; "": none does.
  std::string fifo_jobserver;
};

}  // namespace fitrun
