// SPDX-License-Identifier: Apache-2.0
#include "tools/report/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace apical::tools {
namespace {

constexpr int cells = 20;

}  // namespace

Progress::Progress(std::vector<std::string> names, Verbosity verbosity)
    : terminal_(verbosity == Verbosity::normal && isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      last_(start_) {
  for (std::string& name : names) runs_.push_back({std::move(name), "", 0.0});
}

Progress::~Progress() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
}

void Progress::update(std::size_t index, std::uint64_t done, std::uint64_t total, const std::string& note) {
  if (!terminal_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  runs_[index].part = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
  runs_[index].note = note;
  const auto now = Clock::now();
  if (now - start_ < std::chrono::seconds(2) || now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  draw();
}

void Progress::draw() {
  drawn_ = true;
  std::string line;
  double slowest = 1.0;
  for (const Run& run : runs_) {
    const int full = static_cast<int>(run.part * cells);
    line += fmt::format("{}{} [{:#>{}}{:.>{}}] {:3.0f}% {}", line.empty() ? "" : "  ", run.name, "", full, "",
                        cells - full, 100.0 * run.part, run.note);
    slowest = std::min(slowest, run.part);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  if (slowest > 0.0) line += fmt::format("  {:.0f} s left", seconds * (1.0 - slowest) / slowest);
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
}

}  // namespace apical::tools
