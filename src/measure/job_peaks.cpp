#include "measure/job_peaks.h"

#include <algorithm>

#include "hold/job_key.h"

namespace fitrun {
namespace {

// By size, and among equals by name, so that the same run gives the same
// record.
template <typename T, typename Size, typename Name>
void keep_largest(std::vector<T>& all, std::size_t most, Size size, Name name) {
  std::sort(all.begin(), all.end(), [&](const T& a, const T& b) {
    return a.*size != b.*size ? a.*size > b.*size : a.*name < b.*name;
  });
  if (all.size() > most) all.resize(most);
}

// A build has thousands of jobs, and only the largest are of interest: now and
// then the others go.
void forget_small(std::unordered_map<std::string, std::uint64_t>& jobs) {
  if (jobs.size() < 64 * kMostJobPeaks) return;
  std::vector<std::uint64_t> sizes;
  sizes.reserve(jobs.size());
  for (const auto& [key, bytes] : jobs) sizes.push_back(bytes);
  const auto least = sizes.begin() + kMostJobPeaks;
  std::nth_element(sizes.begin(), least, sizes.end(), std::greater<>());
  std::erase_if(jobs, [&](const auto& job) { return job.second <= *least; });
}

}  // namespace

void JobWatch::end(Ended& ended, const Followed& job) {
  if (job.looks < 2) return;
  // Kinds are few unless somebody runs a thousand different programs.
  if (ended.kinds.size() < 64 * kMostKinds || ended.kinds.contains(job.kind)) {
    Kind& kind = ended.kinds[job.kind];
    ++kind.jobs;
    kind.sum += static_cast<double>(job.bytes);
    kind.most = std::max(kind.most, job.bytes);
  }
  std::uint64_t& most = ended.jobs[job.key];
  most = std::max(most, job.bytes);
  forget_small(ended.jobs);
}

void JobWatch::look(const std::vector<SeenProcess>& tree, const JobView& view) {
  ++looks_;
  for (const Job& job : view.jobs) {
    const SeenProcess& root = tree[job.root];
    Followed& known = running_[root.id.pid];
    if (known.looks > 0 && !(known.id == root.id)) {
      end(ended_, known);
      known = {};
    }
    known.id = root.id;
    // It becomes its program by exec, after a shell or what started it.
    if (!root.argv.empty() && known.looks < 3) {
      known.key = job_key(root.argv, project_);
      known.kind = job_kind(root.argv);
    }
    known.bytes = std::max(known.bytes, job.bytes);
    ++known.looks;
    known.last_look = looks_;
  }
  std::erase_if(running_, [&](const auto& entry) {
    if (entry.second.last_look == looks_) return false;
    end(ended_, entry.second);
    return true;
  });
}

JobPeaks JobWatch::peaks() const {
  Ended all = ended_;
  for (const auto& [pid, job] : running_) end(all, job);
  JobPeaks peaks;
  for (const auto& [name, kind] : all.kinds) {
    const double mean = kind.sum / static_cast<double>(kind.jobs);
    peaks.kinds.push_back(
        {name, kind.jobs, static_cast<std::uint64_t>(mean), kind.most});
  }
  for (const auto& [key, bytes] : all.jobs)
    peaks.largest.push_back({key, bytes});
  keep_largest(peaks.kinds, kMostKinds, &KindPeaks::most, &KindPeaks::kind);
  keep_largest(peaks.largest, kMostJobPeaks, &JobPeak::bytes, &JobPeak::key);
  return peaks;
}

}  // namespace fitrun
