// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "model/hdf5_file.hpp"
#include "model/settings/settings_error.hpp"
#include "model/task.hpp"

namespace apical::model {
namespace {

// Rows first..last of a recording, `sampling` ticks apart and linear in between.
class SeriesStream : public Stream {
 public:
  SeriesStream(const RowMatrix& input, const RowMatrix& target, Eigen::Index first, Eigen::Index last,
               int sampling, bool scored)
      : input_(input), target_(target), first_(first), last_(last), sampling_(sampling), scored_(scored) {}
  std::uint64_t ticks() const override {
    return static_cast<std::uint64_t>(last_ - first_ - 1) * static_cast<std::uint64_t>(sampling_) + 1;
  }
  bool next(Sample& sample) override {
    if (tick_ == ticks()) return false;
    const auto row = first_ + static_cast<Eigen::Index>(tick_ / static_cast<std::uint64_t>(sampling_));
    const double part = static_cast<double>(tick_ % static_cast<std::uint64_t>(sampling_)) / sampling_;
    const auto blend = [&](const RowMatrix& rows, std::vector<double>& out) {
      out.resize(static_cast<std::size_t>(rows.cols()));
      const Eigen::Index next_row = std::min(row + 1, last_ - 1);
      for (Eigen::Index j = 0; j < rows.cols(); ++j)
        out[static_cast<std::size_t>(j)] = (1.0 - part) * rows(row, j) + part * rows(next_row, j);
    };
    blend(input_, sample.input);
    blend(target_, sample.target);
    sample.nudge = scored_ ? 0.0 : 1.0;
    sample.changed = true;
    sample.scored = scored_;
    ++tick_;
    return true;
  }

 private:
  const RowMatrix &input_, &target_;
  Eigen::Index first_, last_;
  int sampling_;
  bool scored_;
  std::uint64_t tick_ = 0;
};

class SeriesTask : public Task {
 public:
  explicit SeriesTask(const TaskSettings& s)
      : settings_(s), input_(read_matrix(s.file, "/input")), target_(read_matrix(s.file, "/target")) {
    if (input_.rows() != target_.rows())
      throw std::runtime_error(fmt::format("{}: /input has {} rows and /target {}; accepted: as many", s.file,
                                           input_.rows(), target_.rows()));
    split_ = static_cast<Eigen::Index>(std::llround(s.train_fraction * static_cast<double>(input_.rows())));
    if (split_ < 2 || input_.rows() - split_ < 2)
      throw std::runtime_error(
          fmt::format("{}: {} rows leave {} to train and {} to test; accepted: 2 or more each", s.file,
                      input_.rows(), split_, input_.rows() - split_));
    trained_ = split_ - static_cast<Eigen::Index>(std::llround(s.validation * static_cast<double>(split_)));
    if (trained_ < 2 || (s.validation > 0.0 && split_ - trained_ < 2))
      throw SettingsError("task.validation", fmt::format("{} of {} rows", s.validation, split_),
                          "a share that leaves two rows or more to each part");
  }
  std::unique_ptr<Stream> training(int) const override {
    return std::make_unique<SeriesStream>(input_, target_, 0, trained_, settings_.sampling, false);
  }
  std::unique_ptr<Stream> test() const override {
    const bool last = settings_.test_on == TestOn::test;
    return std::make_unique<SeriesStream>(input_, target_, last ? split_ : trained_,
                                          last ? input_.rows() : split_, settings_.sampling, true);
  }
  int inputs() const override { return static_cast<int>(input_.cols()); }
  int outputs() const override { return static_cast<int>(target_.cols()); }
  bool classification() const override { return false; }

 private:
  TaskSettings settings_;
  RowMatrix input_, target_;
  Eigen::Index split_ = 0, trained_ = 0;  ///< rows from here on test; rows before this one train
};

}  // namespace

std::unique_ptr<Task> make_series_task(const TaskSettings& s) {
  if (s.file.empty())
    throw SettingsError("task.file", "empty", "an HDF5 file with /input and /target, [row × unit]");
  if (s.sampling < 1)
    throw SettingsError("task.sampling", fmt::format("{}", s.sampling), "1 or more ticks a row");
  if (!(s.train_fraction > 0.0 && s.train_fraction < 1.0))
    throw SettingsError("task.train_fraction", fmt::format("{}", s.train_fraction), "between 0 and 1");
  return std::make_unique<SeriesTask>(s);
}

}  // namespace apical::model
