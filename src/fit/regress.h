// What a stage costs, from runs with different numbers of workers. Pure.
//
//   peak = fixed + workers * per_worker
//
// The slope is the median of the slopes between all pairs of runs (Theil and
// Sen), `fixed` the median of what is left. With the four to twelve runs that
// there ever are, one run that went wrong (a spike the sampling missed, another
// program in the way) moves least squares by a third; against this median it
// has to be three runs of ten, and there is nothing to tune. A fit with Huber's
// weights is as good with nine runs and no better than least squares with four.
//
// A straight line is a claim, so it is checked: where the runs contradict it,
// `shape` says how, and `bound` is the line to declare instead, which lies
// above every run.

#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fitrun {

// One run.
struct Sample {
  double workers = 0;  // at least 1
  double peak = 0;     // bytes, of the whole process tree
};

// Bytes, never negative.
struct Costs {
  double fixed = 0;
  double per_worker = 0;

  double at(double workers) const { return fixed + workers * per_worker; }
};

// Where the true value lies with 95 % confidence, if the line is one.
struct Range {
  double low = 0;
  double high = 0;
};

enum class Shape {
  too_few,     // one number of workers: nothing tells fixed from per_worker
  line,        // fixed + workers * per_worker
  flat,        // more workers cost nothing
  split_work,  // each further worker adds less, or the peak falls
  steepening,  // each further worker adds more
  scattered,   // equal runs differ so much that a line means little
};

struct Regression {
  Shape shape = Shape::too_few;
  Costs line;   // through the middle of the runs
  Costs bound;  // above every run
  // Empty with fewer than three runs or fewer than two numbers of workers.
  std::optional<Range> fixed_range, per_worker_range;
  std::vector<double> residuals;  // peak - line, in bytes, in the given order
  double r_squared = 0;           // of the line; 1 where it meets every run
  // The largest difference between runs with equal workers, as a share of
  // their middle; empty where no run was repeated.
  std::optional<double> spread;
};

// Samples that are not finite, or have no workers, are an error of the caller
// and must not be handed in. No samples at all gives too_few and zeros.
Regression regress(const std::vector<Sample>& samples);

// The costs to put into the descriptor: the line where it is one, else the
// bound.
const Costs& costs_to_declare(const Regression& regression);

// A sentence about the shape for people; empty for a line.
std::string describe(Shape shape);

// For fits with more than one variable: the middle value, or the mean of the
// two in the middle; 0 of nothing.
double median(std::vector<double> values);

}  // namespace fitrun
