// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

#include "model/dataset.hpp"
#include "model/input_file.hpp"
#include "model/settings/settings_error.hpp"
#include "model/task.hpp"

namespace apical::model {
namespace {

constexpr int classes = 10;

// Digits one after another in continuous time, each for `presentation` ticks.
class DigitStream : public Stream {
 public:
  DigitStream(const Dataset& data, std::vector<std::size_t> order, int presentation, int fade, double nudge)
      : data_(data), order_(std::move(order)), presentation_(presentation), fade_(fade), nudge_(nudge) {}

  std::uint64_t ticks() const override { return order_.size() * static_cast<std::uint64_t>(presentation_); }

  bool next(Sample& sample) override {
    if (at_ == order_.size()) return false;
    const std::size_t digit = order_[at_];
    const std::size_t before = order_[at_ == 0 ? 0 : at_ - 1];
    sample.changed = tick_ <= fade_;
    sample.nudge = nudge_;
    sample.label = data_.labels[digit];
    if (sample.changed)
      show(sample, before, digit, fade_ == 0 ? 1.0 : std::min(1.0, (tick_ + 1.0) / (fade_ + 1.0)));
    ++tick_;
    sample.scored = tick_ == presentation_;
    if (sample.scored) {
      tick_ = 0;
      ++at_;
    }
    return true;
  }

 private:
  void show(Sample& sample, std::size_t before, std::size_t digit, double part) const {
    const auto& from = data_.images[before];
    const auto& to = data_.images[digit];
    sample.input.resize(to.size());
    for (std::size_t i = 0; i < to.size(); ++i)
      sample.input[i] = (1.0 - part) * static_cast<double>(from[i]) + part * static_cast<double>(to[i]);
    sample.target.assign(classes, 0.0);
    sample.target[static_cast<std::size_t>(data_.labels[before])] += 1.0 - part;
    sample.target[static_cast<std::size_t>(data_.labels[digit])] += part;
  }

  const Dataset& data_;
  std::vector<std::size_t> order_;
  int presentation_, fade_;
  double nudge_;
  std::size_t at_ = 0;
  int tick_ = 0;
};

// The training digits without those for validation, which keep their order; the test is on what it is asked
// for.
Split divided(Split data, const TaskSettings& s) {
  if (s.validation <= 0.0) return data;
  Dataset& all = data.training;
  const auto held = static_cast<std::size_t>(std::llround(s.validation * static_cast<double>(all.size())));
  if (held < 1 || held >= all.size())
    throw SettingsError("task.validation", fmt::format("{} of {} digits", s.validation, all.size()),
                        "a share that leaves one digit or more to each part");
  std::vector<bool> is_held(all.size());
  const auto order = shuffled(all.size(), s.split_seed);
  for (std::size_t i = 0; i < held; ++i) is_held[order[i]] = true;
  Split parts;
  for (Dataset* part : {&parts.training, &parts.test}) {
    part->rows = all.rows;
    part->columns = all.columns;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    Dataset& part = is_held[i] ? parts.test : parts.training;
    part.images.push_back(std::move(all.images[i]));
    part.labels.push_back(all.labels[i]);
  }
  if (s.test_on == TestOn::test) parts.test = std::move(data.test);
  return parts;
}

Split loaded(const TaskSettings& s) {
  if (s.kind == TaskKind::mnist) return load_idx(mnist_data, s.file);
  if (s.kind == TaskKind::fashion_mnist) return load_idx(fashion_mnist_data, s.file);
  return load_digits8(s.held_out);
}

// What decides which digits a task has: its settings, and its files as they are now.
std::string key_of(const TaskSettings& s) {
  std::string key = fmt::format("{} {} {} {} {}", static_cast<int>(s.kind), s.held_out, s.validation,
                                s.split_seed, s.test_on == TestOn::test);
  for (const auto& file : files_of(s)) key += "\n" + identity_of(file);
  return key;
}

// The digits of a task, which those that ask for the same share as long as one of them is there: MNIST takes
// 0.4 s and 190 MB.
std::shared_ptr<const Split> digits_of(const TaskSettings& s) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const Split>> all;
  const std::string key = key_of(s);
  const std::lock_guard<std::mutex> guard(mutex);
  if (auto split = all[key].lock()) return split;
  auto split = std::make_shared<const Split>(divided(loaded(s), s));
  const auto files = files_of(s);
  if (key_of(s) == key && std::all_of(files.begin(), files.end(), has_settled)) all[key] = split;
  return split;
}

class DigitsTask : public Task {
 public:
  explicit DigitsTask(const TaskSettings& s)
      : settings_(s),
        shared_(digits_of(s)),
        data_(*shared_),
        fade_(s.transition == Transition::smooth ? s.transition_ticks : 0) {}

  std::unique_ptr<Stream> training(int epoch) const override {
    auto order = shuffled(used(data_.training.size(), settings_.train_limit),
                          settings_.seed * 1000003 + static_cast<std::uint64_t>(epoch));
    return std::make_unique<DigitStream>(data_.training, std::move(order), settings_.presentation, fade_,
                                         1.0);
  }
  std::unique_ptr<Stream> test() const override {
    std::vector<std::size_t> order(used(data_.test.size(), settings_.test_limit));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    return std::make_unique<DigitStream>(data_.test, std::move(order), settings_.test_presentation, fade_,
                                         0.0);
  }
  int inputs() const override { return data_.training.rows * data_.training.columns; }
  int outputs() const override { return classes; }
  bool classification() const override { return true; }
  std::pair<int, int> image() const override { return {data_.training.rows, data_.training.columns}; }

 private:
  static std::size_t used(std::size_t size, int limit) {
    return limit == 0 ? size : std::min(size, static_cast<std::size_t>(limit));
  }

  TaskSettings settings_;
  std::shared_ptr<const Split> shared_;
  const Split& data_;
  int fade_;
};

}  // namespace

std::unique_ptr<Task> make_digits_task(const TaskSettings& s) {
  const auto refuse = [](const char* field, const std::string& found, const std::string& accepted) {
    throw SettingsError(field, found, accepted);
  };
  if (s.presentation < 1) refuse("task.presentation", fmt::format("{}", s.presentation), "1 or more ticks");
  if (s.test_presentation < 1)
    refuse("task.test_presentation", fmt::format("{}", s.test_presentation), "1 or more ticks");
  if (s.transition == Transition::smooth &&
      (s.transition_ticks < 1 || s.transition_ticks >= std::min(s.presentation, s.test_presentation)))
    refuse("task.transition_ticks", fmt::format("{}", s.transition_ticks),
           fmt::format("1 or more and less than the shorter presentation ({})",
                       std::min(s.presentation, s.test_presentation)));
  if (s.train_limit < 0 || s.test_limit < 0)
    refuse(s.train_limit < 0 ? "task.train_limit" : "task.test_limit",
           fmt::format("{}", std::min(s.train_limit, s.test_limit)), "0 (all) or more");
  return std::make_unique<DigitsTask>(s);
}

}  // namespace apical::model
