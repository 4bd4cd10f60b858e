// SPDX-License-Identifier: Apache-2.0
#include "tools/study/agenda.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "tools/study/deciding.hpp"

namespace apical::tools {

Agenda::Agenda(const Study& study, Store& store, Failures failures, std::vector<std::size_t> only)
    : study_(study), store_(store), only_(std::move(only)) {
  for (const std::size_t point : only_)
    if (row_of(store, study.points[point]) == nullptr) open_.push_back(point);
  if (!only_.empty()) return;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    const Row* row = row_of(store, study.points[i]);
    if (row == nullptr || !seen.insert(study.points[i].digest).second) continue;
    if (failures == Failures::retry && row->status == "failed")
      open_.push_back(i);
    else
      ++known_;
  }
  refill();
}

// Once all that was given is stored; points that are run again come together with the others.
void Agenda::refill() {
  if (!only_.empty() || (stored_ > 0 && stored_ < open_.size())) return;
  for (const std::size_t point : wanted(study_, store_)) open_.push_back(point);
}

std::optional<std::size_t> Agenda::next() {
  if (given_ == open_.size()) return std::nullopt;
  return open_[given_++];
}

void Agenda::done(const Row& row) {
  store_.append(row);
  ++stored_;
  if (row.status != "ok") ++failed_;
  refill();
  progress_.update(0, stored_, open_.size(),
                   fmt::format("{}/{} points{}", stored_, open_.size(),
                               failed_ == 0 ? "" : fmt::format(", {} failed", failed_)));
}

void run_here(Agenda& agenda, Pool& pool) {
  while (!agenda.complete()) {
    while (!pool.full()) {
      const auto point = agenda.next();
      if (!point) break;
      pool.start(*point);
    }
    for (const Row& row : pool.finished(-1)) agenda.done(row);
  }
}

}  // namespace apical::tools
