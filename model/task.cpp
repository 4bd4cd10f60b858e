// SPDX-License-Identifier: Apache-2.0
#include "model/task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <stdexcept>

#include "model/dataset.hpp"
#include "model/settings/settings_error.hpp"

namespace apical::model {
namespace {

// Another stream, whose targets come later; what it starts with lasts the longer.
class LateStream : public Stream {
 public:
  LateStream(std::unique_ptr<Stream> stream, int ticks)
      : stream_(std::move(stream)), delay_(static_cast<std::size_t>(ticks)) {}

  std::uint64_t ticks() const override { return stream_->ticks(); }
  bool next(Sample& sample) override {
    if (!stream_->next(now_)) return false;  // it leaves in now_ what doesn't change
    targets_.push_back(now_.target);
    sample = now_;
    if (targets_.size() > delay_ + 1) {
      sample.changed |= targets_[1] != targets_[0];
      targets_.pop_front();
    }
    sample.target = targets_.front();
    return true;
  }

 private:
  std::unique_ptr<Stream> stream_;
  std::size_t delay_;
  Sample now_;
  std::deque<std::vector<double>> targets_;  // the last delay_ + 1, the newest at the end
};

class LateTask : public Task {
 public:
  LateTask(std::unique_ptr<Task> task, int ticks) : task_(std::move(task)), ticks_(ticks) {}

  std::unique_ptr<Stream> training(int epoch) const override {
    return std::make_unique<LateStream>(task_->training(epoch), ticks_);
  }
  std::unique_ptr<Stream> test() const override {
    return std::make_unique<LateStream>(task_->test(), ticks_);
  }
  int inputs() const override { return task_->inputs(); }
  int outputs() const override { return task_->outputs(); }
  bool classification() const override { return task_->classification(); }
  std::pair<int, int> image() const override { return task_->image(); }

 private:
  std::unique_ptr<Task> task_;
  int ticks_;
};

std::unique_ptr<Task> make_kind(const TaskSettings& settings) {
  if (settings.kind == TaskKind::teacher) return make_teacher_task(settings);
  if (settings.kind == TaskKind::series) return make_series_task(settings);
  return make_digits_task(settings);
}

}  // namespace

std::unique_ptr<Task> make_task(const TaskSettings& settings) {
  if (!(settings.validation >= 0.0 && settings.validation <= 0.9))
    throw SettingsError("task.validation", fmt::format("{}", settings.validation), "0..0.9");
  auto task = make_kind(settings);
  if (settings.test_on == TestOn::validation && settings.validation <= 0.0)
    throw SettingsError("task.test_on", "\"validation\" with task.validation 0",
                        "a share of the training data above 0");
  if (settings.target_delay < 0)
    throw SettingsError("task.target_delay", fmt::format("{}", settings.target_delay), "0 or more ticks");
  if (settings.target_delay == 0) return task;
  return std::make_unique<LateTask>(std::move(task), settings.target_delay);
}

std::vector<std::filesystem::path> files_of(const TaskSettings& settings) {
  if (settings.kind == TaskKind::mnist) return idx_files(mnist_data, settings.file);
  if (settings.kind == TaskKind::fashion_mnist) return idx_files(fashion_mnist_data, settings.file);
  if (settings.kind == TaskKind::series) return {settings.file};
  return {};
}

void Score::add(const Sample& sample, const std::vector<double>& output) {
  ++count_;
  if (measure_ == Measure::accuracy) {
    const auto winner = std::max_element(output.begin(), output.end()) - output.begin();
    sum_ += winner == sample.label ? 1.0 : 0.0;
    return;
  }
  double squares = 0.0;
  for (std::size_t i = 0; i < output.size(); ++i)
    squares += (output[i] - sample.target[i]) * (output[i] - sample.target[i]);
  sum_ += squares / static_cast<double>(output.size());
}

}  // namespace apical::model
