// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "tools/report/progress.hpp"
#include "tools/study/pool.hpp"

namespace apical::tools {

/// What becomes of points that failed. Where they are run again the store keeps both rows, and the last one
/// counts.
enum class Failures { keep, retry };

/// What a sweep has still to run, and its way into the store: each configuration once, none that the store
/// has already. Of a study that decides there may be more when all that it has given are stored.
class Agenda {
 public:
  /// All that the study wants; or of its points `only` these.
  Agenda(const Study&, Store&, Failures, std::vector<std::size_t> only = {});

  std::optional<std::size_t> next();  ///< index of a point that nobody runs yet
  void done(const Row&);              ///< stores it and shows progress
  bool complete() const { return stored_ == open_.size(); }
  std::size_t open() const { return open_.size(); }  ///< points to run
  std::size_t known() const { return known_; }       ///< configurations that the store had

 private:
  void refill();

  const Study& study_;
  Store& store_;
  std::vector<std::size_t> only_;
  std::vector<std::size_t> open_;
  std::size_t known_ = 0, given_ = 0, stored_ = 0, failed_ = 0;
  Progress progress_{{"sweep"}};
};

/// Runs the agenda in `pool`.
void run_here(Agenda&, Pool& pool);

}  // namespace apical::tools
