// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/settings/choice.hpp"

namespace apical::model {

/// What the world does to the network in one tick.
struct Sample {
  std::vector<double> input, target;
  double nudge = 1.0;   ///< multiplies beta; 0 in tests
  bool changed = true;  ///< input or target differ from those of the last tick
  bool scored = false;  ///< read the output after this tick
  int label = -1;       ///< class of a scored tick; -1 where there are none
};

/// A finite sequence of ticks.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual bool next(Sample&) = 0;  ///< false at the end
  virtual std::uint64_t ticks() const = 0;
};

/// Something to learn. Its streams refer to it, so it has to outlive them.
class Task {
 public:
  virtual ~Task() = default;
  virtual std::unique_ptr<Stream> training(int epoch) const = 0;  ///< epoch = 0, 1, ...
  virtual std::unique_ptr<Stream> test() const = 0;               ///< the same in every epoch
  virtual int inputs() const = 0;
  virtual int outputs() const = 0;
  virtual bool classification() const = 0;  ///< scored by accuracy, else by mean squared error
  /// Rows and columns when the input is an image, else {0, 0}.
  virtual std::pair<int, int> image() const { return {0, 0}; }
};

enum class TaskKind { digits8, mnist, teacher, series, fashion_mnist };
constexpr auto choices(TaskKind) {
  return std::array{"digits8", "mnist", "teacher", "series", "fashion-mnist"};
}

/// How one digit follows another.
enum class Transition { abrupt, smooth };
constexpr auto choices(Transition) {
  return std::array{"abrupt", "smooth"};
}

/// What tests show: the test data, or what `validation` holds back from training.
enum class TestOn { test, validation };
constexpr auto choices(TestOn) {
  return std::array{"test", "validation"};
}

struct TaskSettings {
  TaskKind kind = TaskKind::digits8;
  std::string file;           ///< mnist, fashion-mnist: folder; series: HDF5 file
  int presentation = 8;       ///< ticks a training digit is shown
  int test_presentation = 4;  ///< ticks a test digit is shown
  Transition transition = Transition::abrupt;
  int transition_ticks = 2;             ///< of each presentation that fade from the last digit, when smooth
  int held_out = 360;                   ///< digits8: size of the test set
  int train_limit = 0, test_limit = 0;  ///< digits used, 0 = all
  double validation = 0.0;              ///< share of the training data that is held back
  std::uint64_t split_seed = 1;         ///< which digits that are
  TestOn test_on = TestOn::test;
  int target_delay = 0;                        ///< ticks by which the target comes after its input (60)
  std::uint64_t seed = 1;                      ///< of the training order, of the teacher and its inputs
  double dt = 1.0;                             ///< ms a tick
  std::vector<int> teacher_layers;             ///< units of the teacher's network, input and output included
  double correlation_time = 50.0;              ///< ms over which the teacher's inputs change
  int train_ticks = 20000, test_ticks = 2000;  ///< teacher: per epoch
  int sampling = 1;                            ///< series: ticks from row to row
  double train_fraction = 0.8;                 ///< series: the first part of the rows trains, the rest tests
};

/// Throws std::invalid_argument for settings out of range, std::runtime_error for data that can't be read.
std::unique_ptr<Task> make_task(const TaskSettings&);

/// The files that make_task() reads; none where the data are built in.
std::vector<std::filesystem::path> files_of(const TaskSettings&);

/// What a score is: accuracy (0..1), or mean squared error.
enum class Measure { accuracy, mse };
constexpr Measure measure_of(bool classification) {
  return classification ? Measure::accuracy : Measure::mse;
}

/// The score of the ticks that are scored.
class Score {
 public:
  explicit Score(Measure measure) : measure_(measure) {}
  void add(const Sample&, const std::vector<double>& output);
  std::uint64_t count() const { return count_; }
  double value() const { return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_); }

 private:
  Measure measure_;
  double sum_ = 0.0;
  std::uint64_t count_ = 0;
};

/// The kinds, one file each.
std::unique_ptr<Task> make_digits_task(const TaskSettings&);
std::unique_ptr<Task> make_teacher_task(const TaskSettings&);
std::unique_ptr<Task> make_series_task(const TaskSettings&);

}  // namespace apical::model
