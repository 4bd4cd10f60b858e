// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_real_distribution.hpp>
#include <cmath>
#include <stdexcept>

#include "model/elementary.hpp"
#include "model/equilibrium.hpp"
#include "model/golden.hpp"
#include "model/settings/settings_error.hpp"
#include "model/task.hpp"

namespace apical::model {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr int waves = 5;  // sines per input: smooth, and not periodic within a run

// A fixed random network of tanh units maps smooth inputs to the targets that a student has to reproduce.
class Teacher {
 public:
  Teacher(const TaskSettings& s) : dt_(s.dt) {
    const auto weights = initial_weights(s.teacher_layers, Bias::without, {2.0}, s.seed + 77);
    net_.activation = Activation::tanh;
    net_.bias = false;
    net_.weights.assign(weights.begin(), weights.end());
    boost::random::mt19937_64 random(s.seed);
    boost::random::uniform_real_distribution<double> uniform(0.0, 1.0);
    for (int i = 0; i < s.teacher_layers.front() * waves; ++i) {
      frequency_.push_back(2.0 * pi * (0.2 + uniform(random)) / (2.0 * s.correlation_time));
      phase_.push_back(2.0 * pi * uniform(random));
    }
  }

  void show(double tick, Sample& sample) const {
    const Eigen::Index inputs = net_.units(0);
    Eigen::VectorXd value = Eigen::VectorXd::Zero(inputs);
    for (Eigen::Index i = 0; i < inputs; ++i)
      for (int w = 0; w < waves; ++w) {
        const auto at = static_cast<std::size_t>(i * waves + w);
        value[i] += sin(frequency_[at] * tick * dt_ + phase_[at]) / std::sqrt(static_cast<double>(waves));
      }
    sample.input.assign(value.begin(), value.end());
    value = map(Activation::tanh, feedforward(net_, value).back());
    sample.target.assign(value.begin(), value.end());
  }
  int inputs() const { return static_cast<int>(net_.units(0)); }
  int outputs() const { return static_cast<int>(net_.units(net_.depth())); }

 private:
  double dt_;
  Network<double> net_;
  std::vector<double> frequency_, phase_;
};

class TeacherStream : public Stream {
 public:
  TeacherStream(const Teacher& teacher, std::uint64_t first, int ticks, bool scored)
      : teacher_(teacher), first_(first), ticks_(static_cast<std::uint64_t>(ticks)), scored_(scored) {}
  std::uint64_t ticks() const override { return ticks_; }
  bool next(Sample& sample) override {
    if (at_ == ticks_) return false;
    teacher_.show(static_cast<double>(first_ + at_), sample);
    sample.nudge = scored_ ? 0.0 : 1.0;
    sample.changed = true;
    sample.scored = scored_;
    ++at_;
    return true;
  }

 private:
  const Teacher& teacher_;
  std::uint64_t first_, ticks_;
  bool scored_;
  std::uint64_t at_ = 0;
};

class TeacherTask : public Task {
 public:
  explicit TeacherTask(const TaskSettings& s) : settings_(s), teacher_(s) {}
  // Time goes on from epoch to epoch; validation and test are stretches far beyond all training.
  std::unique_ptr<Stream> training(int epoch) const override {
    return std::make_unique<TeacherStream>(
        teacher_, static_cast<std::uint64_t>(epoch) * static_cast<std::uint64_t>(settings_.train_ticks),
        settings_.train_ticks, false);
  }
  std::unique_ptr<Stream> test() const override {
    return std::make_unique<TeacherStream>(teacher_,
                                           std::uint64_t{1} << (settings_.test_on == TestOn::test ? 31 : 30),
                                           settings_.test_ticks, true);
  }
  int inputs() const override { return teacher_.inputs(); }
  int outputs() const override { return teacher_.outputs(); }
  bool classification() const override { return false; }

 private:
  TaskSettings settings_;
  Teacher teacher_;
};

}  // namespace

std::unique_ptr<Task> make_teacher_task(const TaskSettings& s) {
  if (s.teacher_layers.size() < 2)
    throw SettingsError("task.teacher_layers", "", "two or more layer sizes, e.g. [8, 20, 3]");
  for (const int units : s.teacher_layers)
    if (units < 1) throw SettingsError("task.teacher_layers", fmt::format("{}", units), "1 or more units");
  if (!(s.correlation_time > 0.0))
    throw SettingsError("task.correlation_time", fmt::format("{}", s.correlation_time), "above 0 ms");
  if (s.train_ticks < 1 || s.test_ticks < 1)
    throw SettingsError(s.train_ticks < 1 ? "task.train_ticks" : "task.test_ticks",
                        fmt::format("{}", std::min(s.train_ticks, s.test_ticks)), "1 or more");
  return std::make_unique<TeacherTask>(s);
}

}  // namespace apical::model
