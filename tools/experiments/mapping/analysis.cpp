// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "model/elementary.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/experiments/baseline.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/run.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

constexpr std::size_t shown = 400;  // ticks of a trace
constexpr int learning_ticks = 60000;

// What one student does before, during and after its learning.
struct Student {
  Line before, during, after, error;
  double first_error = 0.0, last_error = 0.0;  ///< mean squared, on the test stream, nothing nudged
};

// Mean squared error on the test stream, on frozen weights; `trace` gets the first output of its first ticks.
double test(sim::Machine& machine, const model::Task& task, int last, Line& trace) {
  model::Score score(model::Measure::mse);
  const auto stream = task.test();
  machine.set_learning_scale(0.0);
  for (model::Sample s; stream->next(s);) {
    machine.tick(s.input.data(), s.target.data(), s.nudge, s.changed);
    const std::vector<double> u = machine.read("u", last);
    score.add(s, u);
    if (trace.points.size() < shown)
      trace.points.emplace_back(static_cast<double>(trace.points.size()), u[0]);
  }
  machine.set_learning_scale(1.0);
  return score.value();
}

Student trained(const Config& config, const std::string& name, int ticks) {
  Student student;
  for (Line* line : {&student.before, &student.during, &student.after, &student.error}) line->name = name;
  student.error.marks = true;
  const auto task = configured_task(config);
  const int last = static_cast<int>(config.network.layers.size()) - 1;
  const auto machine = make_machine(config, starting_weights(config));
  student.first_error = test(*machine, *task, last, student.before);
  int tick = 0;
  double sum = 0.0;
  const int block = ticks / 40;
  for (int epoch = 0; tick < ticks; ++epoch) {
    const auto stream = task->training(epoch);
    for (model::Sample s; tick < ticks && stream->next(s);) {
      machine->tick(s.input.data(), s.target.data(), s.nudge, s.changed);
      const std::vector<double> u = machine->read("u", last);
      if (student.during.points.size() < shown) student.during.points.emplace_back(tick, u[0]);
      for (std::size_t i = 0; i < u.size(); ++i)
        sum += Eigen::numext::abs2(s.target[i] - u[i]) / static_cast<double>(u.size()) / block;
      if (++tick % block != 0) continue;
      student.error.points.emplace_back(tick * config.network.dt / 1000.0, sum);
      sum = 0.0;
    }
  }
  student.last_error = test(*machine, *task, last, student.after);
  return student;
}

Line target(const model::Task& task, bool of_test) {
  Line line{"target", {}, false};
  const auto stream = of_test ? task.test() : task.training(0);
  for (model::Sample s; line.points.size() < shown && stream->next(s);)
    line.points.emplace_back(static_cast<double>(line.points.size()), s.target[0]);
  return line;
}

// The students of one seed: weight transport on the machine, the microcircuit with a W^IP that learns and
// that stays, and, beside an integer machine, weight transport on golden.
std::vector<Student> train_all(const Config& config, int ticks) {
  Config golden = config;
  golden.machine = Machine::golden;
  Config circuit = as_microcircuit(config);
  std::vector<Student> students{
      trained(config, fmt::format("weight transport, {}", name_of(config.machine)), ticks),
      trained(circuit, "microcircuit, W^IP learns", ticks)};
  circuit.microcircuit.eta_pi = circuit.microcircuit.eta_ip = {0.0};
  students.push_back(trained(circuit, "microcircuit, W^IP stays", ticks));
  if (config.machine != Machine::golden)
    students.push_back(trained(golden, "weight transport, golden", ticks));
  return students;
}

const Student& reference(const std::vector<Student>& students) {
  return students.size() == 3 ? students.front() : students.back();
}

void draw_students(const Config& config, const std::vector<Student>& students, Findings& f) {
  const auto task = configured_task(config);
  Figure before{
      "before", "First output and its target before learning.", "ticks", "u", {target(*task, true)}};
  Figure during{"during", "The same in the first ticks of learning.", "ticks", "u", {target(*task, false)}};
  Figure after{"after", "The same after learning, nothing nudges.", "ticks", "u", {target(*task, true)}};
  Figure error{"error", "Target against the nudged output while learning never stops.",
               "t, s",  "mean square",
               {},      false,
               true};
  for (const Student& s : students) {
    before.lines.push_back(s.before);
    during.lines.push_back(s.during);
    after.lines.push_back(s.after);
    error.lines.push_back(s.error);
  }
  f.figures = {before, during, after, error};
}

Findings analyse(const Setting& setting) {
  Findings f;
  const int seeds = setting.quick ? 2 : 5;
  double logarithm = 0.0;  // of the microcircuit's error over weight transport's, mean over seeds
  std::vector<Student> shown_students;
  for (int n = 0; n < seeds; ++n) {
    Config config = setting.config;
    config.seed += static_cast<std::uint64_t>(n);
    const std::vector<Student> students = train_all(config, learning_ticks);
    logarithm += model::log(students[1].last_error / reference(students).last_error) / seeds;
    if (n == 0) shown_students = students;
  }
  const Student& transport = shown_students.front();
  for (const Student& s : shown_students) {
    f.numbers.emplace_back("mean squared error before learning, " + s.error.name, s.first_error);
    f.numbers.emplace_back("mean squared error after learning, " + s.error.name, s.last_error);
  }
  f.at_least("mean squared error before learning over that after, weight transport",
             transport.first_error / transport.last_error, 10.0);
  f.at_most(
      fmt::format("mean squared error with learned lateral weights over that of weight transport, golden, "
                  "geometric mean of {} seeds",
                  seeds),
      model::exp(logarithm), 2.0);
  f.at_most("mean squared error with learned lateral weights over lateral weights that stay",
            shown_students[1].last_error / shown_students[2].last_error, 0.5);
  if (setting.config.machine != Machine::golden)
    f.at_most("mean squared error of the machine over that of golden",
              transport.last_error / reference(shown_students).last_error, 2.0);
  if (!setting.quick) {
    const std::vector<Student> longer = train_all(setting.config, 5 * learning_ticks);
    f.numbers.emplace_back("mean squared error after 5 times the training, weight transport, golden",
                           reference(longer).last_error);
    f.numbers.emplace_back("mean squared error after 5 times the training, microcircuit, W^IP learns",
                           longer[1].last_error);
  }
  f.notes.emplace_back(
      "Feedback is fixed, so that W^PI, which starts at B, has nothing to follow and rests; W^IP learns to "
      "follow "
      "W. A W^PI that learns while the teacher nudges comes to explain its nudge away: with eta_pi 0.0001 "
      "the "
      "ratio was 1.6 and 2.5, with 0.0003 1.7 and 3.8, over two times three seeds.");
  draw_students(setting.config, shown_students, f);
  return f;
}

}  // namespace

Experiment mapping() {
  return {
      "4", "A continuous mapping, learned in continuous time",
      "A network learns a nonlinear mapping of signals in real time, while they move, with plasticity that "
      "is never switched off.",
      "A fixed random network maps smooth inputs to targets. The network with transported weights and the "
      "microcircuit follow it, learning in every tick. Output and target before, during and after; mean "
      "squared error on a stretch far away, without a nudge.",
      analyse};
}

}  // namespace apical::tools
