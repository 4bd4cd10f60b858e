// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/profile_runs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/schedule.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/report/progress.hpp"
#include "tools/run/run.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {

using fixedpoint::Program;
using fixedpoint::Signal;

namespace {

constexpr int integer_bits_at_a_time = 4, most_trainings = 8;

constexpr Signal neuron_signals_but_target[] = {Signal::basal,    Signal::apical, Signal::u,
                                                Signal::membrane, Signal::rate,   Signal::slope,
                                                Signal::nudge,    Signal::error,  Signal::mismatch};

}  // namespace

ProfileRuns::ProfileRuns(const Config& config, const ProfileOptions& options)
    : config_(config),
      options_(options),
      task_(configured_task(config)),
      depth_(static_cast<int>(config.network.layers.size()) - 1),
      weights_(starting_weights(config)),
      configured_(*compiled(config, weights_)),
      wide_(widest_formats(config, weights_, configured_)) {
  if (options.tolerance > 0.0) laws_.emplace(config);
}

double ProfileRuns::rms(const SignalKey& key) const {
  const auto found = squares_.find(key);
  return found == squares_.end() ? 0.0 : found->second.root();
}

std::shared_ptr<const Program> ProfileRuns::program(const fixedpoint::FormatTable& formats,
                                                    int index_bits) const {
  Config c = config_;
  c.formats = formats;
  c.table_index_bits = index_bits;
  c.allow_lossy_loading = true;  // what that costs is in the noise
  return compiled(c, weights_);
}

void ProfileRuns::train_unclipped(Profile& p) {
  p.wide_bits = wide_.at("u", depth_).bits;
  p.output_lsb = config_.formats.at("u", depth_).lsb();
  p.classification = task_->classification();
  std::map<SignalKey, int> more;
  for (int round = 1;; ++round) {
    train(p);
    std::string clipped;
    for (const auto& [key, range] : ranges_) {
      if (key.first == "step") continue;  // its binary point is placed where it can't
      if (saturated_.count(key) == 0 && holds(wide_.at(key.first, key.second), range.first, range.second))
        continue;
      more[key] += integer_bits_at_a_time;
      clipped += fmt::format("{}{} of layer {}", clipped.empty() ? "" : ", ", key.first, key.second);
    }
    if (clipped.empty()) {
      if (!std::isfinite(p.score)) p.trouble = fmt::format("the score of its test is {}", p.score);
      return;
    }
    p.trouble = "its training diverges, or takes more integer bits than there are: " + clipped;
    if (round == most_trainings) return;
    try {
      wide_ = widest_formats(config_, weights_, configured_, more);
    } catch (const std::invalid_argument&) {  // no width has a proof
      return;
    }
    p.trouble.clear();
    p.wide_bits = wide_.at("u", depth_).bits;
  }
}

// The training in wide formats: ranges of all signals, and the weights at the places of the windows.
void ProfileRuns::train(Profile& p) {
  sim::EmulatorMachine machine(program(wide_, wide_index_bits(config_)));
  places_.clear();
  ranges_.clear();
  saturated_.clear();
  p.ticks = 0;
  const std::uint64_t per_epoch = task_->training(0)->ticks();
  const std::uint64_t limit =
      config_.ticks > 0 ? config_.ticks : per_epoch * static_cast<std::uint64_t>(config_.epochs);
  const int epochs = static_cast<int>((limit + per_epoch - 1) / per_epoch);
  std::set<int> chosen;
  for (int i = 0; i < options_.windows; ++i)
    chosen.insert(options_.windows == 1 ? epochs / 2 : i * epochs / (options_.windows - 1));
  const auto keep = [&](int epoch) {
    Place place{epoch, {}};
    place.weights = all_weights(machine);
    places_.push_back(std::move(place));
  };
  if (laws_) laws_->begin(machine, limit);
  Progress progress({"profile"});
  for (int epoch = 0; epoch <= epochs; ++epoch) {
    if (chosen.count(epoch) > 0) keep(epoch);
    look(machine);
    if (epoch == epochs) break;
    const double scale = model::learning_scale(config_.decay, epoch);
    machine.set_learning_scale(scale);
    const auto stream = task_->training(epoch);
    for (model::Sample s; p.ticks < limit && stream->next(s); ++p.ticks) {
      const double time = static_cast<double>(p.ticks) * config_.network.dt;
      machine.tick(s.input.data(), s.target.data(), s.nudge * model::nudge_scale(time, config_.beta_ramp),
                   s.changed);
      widen(s);
      if (laws_) laws_->ticked(machine, s, scale, p.ticks + 1);
    }
    progress.update(0, p.ticks, limit, fmt::format("training in {} bits, epoch {}", p.wide_bits, epoch + 1));
  }
  model::Score score(model::measure_of(p.classification));
  machine.set_learning_scale(0.0);
  const auto stream = task_->test();
  for (model::Sample s; stream->next(s);) {
    machine.tick(s.input.data(), s.target.data(), s.nudge, s.changed);
    widen(s);
    if (s.scored) score.add(s, machine.read("u", depth_));
  }
  p.score = score.value();
  look(machine);
}

std::vector<ProfileRuns::Matrix> ProfileRuns::all_weights(const sim::EmulatorMachine& machine) const {
  std::vector<Matrix> all;
  for (int k = 1; k <= static_cast<int>(weights_.size()); ++k) all.push_back(machine.weights(k));
  return all;
}

// What comes from outside is known before any format has clipped it.
void ProfileRuns::widen(const model::Sample& s) {
  for (const double x : s.input) widen({"input", 0}, x, x);
  for (const double t : s.target) widen({"target", depth_}, t, t);
}

void ProfileRuns::widen(const SignalKey& key, double low, double high) {
  const auto [at, fresh] = ranges_.try_emplace(key, low, high);
  if (fresh) return;
  at->second.first = std::min(at->second.first, low);
  at->second.second = std::max(at->second.second, high);
}

void ProfileRuns::look(const sim::EmulatorMachine& machine) {
  for (const sim::SignalStatistics& s : machine.statistics()) {
    const SignalKey key = key_of(configured_, s);
    if (key.first.empty() || key.first == "input" || key.first == "target") continue;
    if (s.count > 0 || key.first == "weight") widen(key, s.minimum, s.maximum);
    if (s.saturated > 0) saturated_.insert(key);
  }
}

void ProfileRuns::run_reference(Profile& p) {
  const auto reference = program(wide_, reference_index_bits(config_));
  for (const Place& place : places_) reference_.push_back(window(*reference, place, &squares_, nullptr));
  p.window_ticks = options_.window_ticks * places_.size();
  for (const Trace& t : reference_)
    for (const double u : t.output) output_.add(u);
  p.output_rms = output_.root();
  for (const Place& place : places_)
    for (std::size_t k = 0; k < place.weights.size(); ++k) {
      MeanSquare& square = squares_[{"weight", weight_layer(configured_, configured_.projections[k])}];
      for (const double w : place.weights[k]) square.add(w);
    }
}

void ProfileRuns::load(Program& program, const std::vector<Matrix>& weights) const {
  for (std::size_t k = 0; k < weights.size(); ++k) {
    fixedpoint::Projection& p = program.projections[k];
    for (std::size_t i = 0; i < p.image.size(); ++i) p.image[i] = p.loaded(weights[k][i]).raw;
  }
}

// A window of learning from a place of the training, membranes at rest, the whole nudge.
ProfileRuns::Trace ProfileRuns::window(const Program& shape, const Place& place, Squares* squares,
                                       Clipped* clipped) const {
  auto loaded = std::make_shared<Program>(shape);
  load(*loaded, place.weights);
  fixedpoint::EmulatorOptions how;
  how.statistics = clipped != nullptr;
  sim::EmulatorMachine machine(loaded, how);
  const double scale = model::learning_scale(config_.decay, place.epoch);
  machine.set_learning_scale(scale);
  const std::vector<Matrix> before = all_weights(machine);
  Trace trace;
  int epoch = place.epoch;
  auto stream = task_->training(epoch);
  model::Sample s;
  for (std::uint64_t t = 0; t < options_.window_ticks; ++t) {
    if (!stream->next(s)) {
      stream = task_->training(++epoch);
      stream->next(s);
    }
    machine.tick(s.input.data(), s.target.data(), s.nudge, s.changed);
    const std::vector<double> u = machine.read("u", depth_);
    trace.output.insert(trace.output.end(), u.begin(), u.end());
    if (squares != nullptr) watch_signals(machine, s, scale, *squares);
  }
  if (clipped != nullptr)
    for (const sim::SignalStatistics& one : machine.statistics()) {
      auto& [count, beyond] = (*clipped)[key_of(*loaded, one).first];
      count += one.count;
      beyond += one.saturated;
    }
  trace.change = all_weights(machine);
  for (std::size_t k = 0; k < before.size(); ++k)
    for (std::size_t i = 0; i < before[k].size(); ++i) trace.change[k][i] -= before[k][i];
  return trace;
}

void ProfileRuns::watch_signals(const sim::EmulatorMachine& machine, const model::Sample& s, double scale,
                                Squares& squares) const {
  for (const double x : s.input) squares[{"input", 0}].add(x);
  for (const double x : s.target) squares[{"target", depth_}].add(x);
  for (int k = 1; k <= depth_; ++k) {
    for (const Signal signal : neuron_signals_but_target)
      for (const double x : machine.read(fixedpoint::name_of(signal), k))
        squares[{fixedpoint::name_of(signal), k}].add(x);
    const int into = fixedpoint::forwards_into(configured_, k).front();
    const double eta = scale * configured_.projections[static_cast<std::size_t>(into)].eta_dt;
    for (const double x : machine.read("error", k)) squares[{"step", k}].add(eta * x);
  }
}

Noise ProfileRuns::compare(const fixedpoint::FormatTable& formats, int index_bits, Clipped* clipped) const {
  const auto shape = program(formats, index_bits);
  const std::size_t depth = weights_.size();
  MeanSquare output;
  std::vector<MeanSquare> change(depth);
  std::vector<double> kept(depth, 0.0);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Trace here = window(*shape, places_[i], nullptr, clipped);
    const Trace& there = reference_[i];
    for (std::size_t n = 0; n < here.output.size(); ++n) output.add(here.output[n] - there.output[n]);
    for (std::size_t k = 0; k < depth; ++k) {
      double difference = 0.0, whole = 0.0, along = 0.0;
      for (std::size_t n = 0; n < here.change[k].size(); ++n) {
        const double a = here.change[k][n], b = there.change[k][n];
        difference += (a - b) * (a - b);
        whole += b * b;
        along += a * b;
      }
      if (whole <= 0.0) continue;
      change[k].add(std::sqrt(difference / whole));
      kept[k] += along / whole;
    }
  }
  Noise noise;
  noise.output = output.root();
  noise.output_share = output_.root() > 0.0 ? noise.output / output_.root() : 0.0;
  for (std::size_t k = 0; k < depth; ++k) {
    if (change[k].count == 0) continue;
    noise.change_share = std::max(noise.change_share, change[k].root());
    noise.kept = std::min(noise.kept, kept[k] / static_cast<double>(change[k].count));
  }
  return noise;
}

}  // namespace apical::tools
