// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>

#include <vector>

#include "tools/study/store.hpp"
#include "tools/study/study.hpp"

namespace apical::tools {

/// The row of the point as this build runs it on its data as they are, or nullptr.
const Row* row_of(const Store&, const Point&);

/// Trains and tests one point in this process. What goes wrong is in the row.
Row run_point(const Study&, const Point&);

/// Runs points, each in a process of its own: a point that crashes is a failed row, and machines with global
/// state (SystemC) run beside each other. The processes end with this one, however it ends.
class Pool {
 public:
  Pool(const Study& study, std::size_t slots) : study_(study), slots_(slots) {}
  ~Pool();  ///< ends what still runs
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  bool full() const { return jobs_.size() >= slots_; }
  bool idle() const { return jobs_.empty(); }
  /// Starts point `index` of the study.
  void start(std::size_t index);
  /// Rows of points that ended; waits for one up to `milliseconds` (-1: until one ends). Throws Stopped when
  /// a point was ended by an interrupt or a request to terminate: that isn't the point's fault.
  std::vector<Row> finished(int milliseconds);

  struct Stopped {
    int signal;
  };

 private:
  struct Job {
    pid_t process;
    int pipe;
    std::size_t index;
    std::string text;
  };
  Row row_of(const Job&) const;

  const Study& study_;
  std::size_t slots_;
  std::vector<Job> jobs_;
};

}  // namespace apical::tools
