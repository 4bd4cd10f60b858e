// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace apical::tools {

/// One line on standard error that shows how far each of several runs is. Silent unless standard error is a
/// terminal and two seconds have passed, or altogether when quiet.
class Progress {
 public:
  enum class Verbosity { normal, quiet };

  explicit Progress(std::vector<std::string> names, Verbosity = Verbosity::normal);
  ~Progress();  ///< wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Thread-safe. `done` of `total` steps of run `index`; `note` is shown behind the bar.
  void update(std::size_t index, std::uint64_t done, std::uint64_t total, const std::string& note);

 private:
  struct Run {
    std::string name, note;
    double part = 0.0;
  };
  void draw();

  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_, last_;
  std::vector<Run> runs_;
  std::mutex mutex_;
};

}  // namespace apical::tools
