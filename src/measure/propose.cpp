#include "measure/propose.h"

#include <algorithm>

#include "base/bytes.h"

namespace fitrun {
namespace {

const FileCost* file_of(const CostTerm& term) {
  return std::get_if<FileCost>(&term.amount);
}

double size_of(const CostTerm& term) {
  return static_cast<double>(std::get<Bytes>(term.amount).count);
}

std::string name_of_cost(Pool pool, EditedKey key) {
  return std::string(key_of(pool)) + "." + std::string(name_of(key));
}

// Sizes alone.
void share_out(Proposal& proposal, NumberEdit edit, const Cost& cost,
               double bytes) {
  double declared = 0;
  for (const CostTerm& term : cost) declared += size_of(term);
  for (std::size_t i = 0; i < cost.size(); ++i) {
    edit.term = i;
    const double even = bytes / static_cast<double>(cost.size());
    edit.value = declared > 0 ? bytes * size_of(cost[i]) / declared : even;
    proposal.edits.push_back(edit);
  }
}

void append(Proposal& to, Proposal from) {
  for (NumberEdit& edit : from.edits) to.edits.push_back(edit);
  for (std::string& note : from.notes) to.notes.push_back(std::move(note));
}

}  // namespace

Proposal propose_cost(Pool pool, EditedKey key, const Cost& cost,
                      const CostSum& sum, double bytes) {
  Proposal proposal;
  NumberEdit edit{pool, key, 0, bytes};
  if (cost.empty()) {
    if (bytes >= 1) proposal.edits.push_back(edit);
    return proposal;
  }
  const std::string name = name_of_cost(pool, key);
  double sizes = 0, files = 0;
  bool has_file = false;
  for (std::size_t i = 0; i < cost.size(); ++i) {
    if (!file_of(cost[i])) {
      sizes += size_of(cost[i]);
      continue;
    }
    has_file = true;
    if (i < sum.items.size()) files += sum.items[i].bytes;
  }
  if (!has_file) {
    share_out(proposal, edit, cost, bytes);
    return proposal;
  }
  if (sum.items.size() != cost.size() || !(files > 0)) {
    proposal.notes.push_back(name +
                             ": its files have no size now, so that no "
                             "parse_factor could be learned");
    return proposal;
  }
  // Files that are declared together keep the ratio of their factors.
  const double scale = std::max(0.0, bytes - sizes) / files;
  for (std::size_t i = 0; i < cost.size(); ++i) {
    const FileCost* const file = file_of(cost[i]);
    if (!file) continue;
    edit.term = i;
    edit.value = file->parse_factor * scale;
    proposal.edits.push_back(edit);
  }
  if (bytes < sizes) {
    proposal.notes.push_back(
        name + ": the sizes declared beside the file (" + format_bytes(sizes) +
        ") are more than all that was measured (" + format_bytes(bytes) + ")");
  }
  return proposal;
}

Proposal propose(const PoolNeeds& needs, const CostSum& fixed,
                 const CostSum& per_worker, const Learned& learned) {
  const Costs& costs = costs_to_declare(learned.regression);
  Proposal all = propose_cost(needs.pool, EditedKey::fixed, needs.fixed, fixed,
                              costs.fixed);
  append(all, propose_cost(needs.pool, EditedKey::per_worker, needs.per_worker,
                           per_worker, costs.per_worker));
  if (learned.headroom.learned)
    all.edits.push_back(
        {needs.pool, EditedKey::headroom, 0, learned.headroom.value});
  else if (!learned.headroom.note.empty())
    all.notes.push_back(learned.headroom.note);
  return all;
}

Proposal propose_factor(const PoolNeeds& needs, FactorIn where,
                        const FactorFit& fit) {
  Proposal all;
  const auto each = [&](EditedKey key, const Cost& cost, double bytes) {
    NumberEdit edit{needs.pool, key, 0, bytes};
    const bool has_the_file =
        (key == EditedKey::fixed) == (where == FactorIn::fixed);
    Cost sizes;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < cost.size(); ++i) {
      if (!file_of(cost[i])) {
        sizes.push_back(cost[i]);
        places.push_back(i);
      } else if (has_the_file) {
        edit.term = i;
        edit.value = fit.factor * fit.covering;
        all.edits.push_back(edit);
      }
    }
    Proposal shares;
    share_out(shares, edit, sizes, bytes);
    for (std::size_t i = 0; i < places.size(); ++i) {
      shares.edits[i].term = places[i];
      all.edits.push_back(shares.edits[i]);
    }
    if (sizes.empty() && cost.empty() && bytes >= 1)
      all.edits.push_back({needs.pool, key, 0, bytes});
    if (sizes.empty() && !cost.empty() && bytes >= 1) {
      all.notes.push_back(name_of_cost(needs.pool, key) + ": " +
                          format_bytes(bytes) +
                          " do not depend on the file: add a size beside it");
    }
  };
  each(EditedKey::fixed, needs.fixed, fit.fixed * fit.covering);
  each(EditedKey::per_worker, needs.per_worker, fit.per_worker * fit.covering);
  return all;
}

}  // namespace fitrun
