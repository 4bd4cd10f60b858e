// SPDX-License-Identifier: Apache-2.0
#include "tools/study/agenda.hpp"

#include <fmt/format.h>

#include <set>

namespace apical::tools {

Agenda::Agenda(const Study& study, Store& store, Failures failures) : store_(store) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    const std::string& digest = study.points[i].digest;
    if (!seen.insert(digest).second) continue;
    const Row* row = row_of(store, study.points[i]);
    if (row == nullptr || (failures == Failures::retry && row->status == "failed"))
      open_.push_back(i);
    else
      ++known_;
  }
}

std::optional<std::size_t> Agenda::next() {
  if (given_ == open_.size()) return std::nullopt;
  return open_[given_++];
}

void Agenda::done(const Row& row) {
  store_.append(row);
  ++stored_;
  if (row.status != "ok") ++failed_;
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
