#include "tools/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>

#include "fixedpoint/compiler.hpp"
#include "fixedpoint/workers.hpp"
#include "model/schedule.hpp"
#include "sim/emulator_machine.hpp"
#include "tools/imperfections.hpp"
#include "tools/progress.hpp"
#include "tools/run.hpp"
#include "tools/stimulus.hpp"
#include "tools/wide_formats.hpp"

namespace apical::tools {
namespace {

using fixedpoint::Program;
using fixedpoint::Signal;
using Matrix = std::vector<double>;

// Weights at one place of the training.
struct Place {
  int epoch = 0;
  std::vector<Matrix> weights;
};

// What a window of learning left.
struct Trace {
  std::vector<double> output;  // u_N, tick by tick
  std::vector<Matrix> change;  // of the weights, per layer
};

// Sum of squares and count.
struct MeanSquare {
  double sum = 0.0;
  std::uint64_t count = 0;
  void add(double value) {
    sum += value * value;
    ++count;
  }
  double root() const { return count == 0 ? 0.0 : std::sqrt(sum / static_cast<double>(count)); }
};

using SignalKey = std::pair<std::string, int>;

class Profiler {
 public:
  Profiler(const Config& config, const ProfileOptions& options)
      : config_(config),
        options_(options),
        task_(configured_task(config)),
        depth_(static_cast<int>(config.network.layers.size()) - 1),
        weights_(starting_weights(config, "")),
        configured_(fixedpoint::compile(describe(config, weights_))),
        wide_(widest_formats(config, weights_, configured_)) {}

  Profile run() {
    Profile p;
    p.wide_bits = wide_.at("u", depth_).bits;
    p.output_lsb = config_.formats.at("u", depth_).lsb();
    p.classification = task_->classification();
    train(p);
    const auto reference = program(wide_, reference_index_bits(config_));
    for (const Place& place : places_) reference_.push_back(window(*reference, place, true));
    p.window_ticks = options_.window_ticks * places_.size();
    for (const Trace& t : reference_)
      for (const double u : t.output) output_.add(u);
    p.output_rms = output_.root();
    find_signals(p);
    measure(p);
    return p;
  }

 private:
  std::shared_ptr<Program> program(const fixedpoint::FormatTable& formats, int index_bits) const {
    Config c = config_;
    c.formats = formats;
    c.table_index_bits = index_bits;
    return std::make_shared<Program>(fixedpoint::compile(describe(c, weights_)));
  }

  // The training in wide formats: ranges of all signals, and the weights at the places of the windows.
  void train(Profile& p) {
    sim::EmulatorMachine machine(program(wide_, wide_index_bits(config_)));
    const std::uint64_t per_epoch = task_->training(0)->ticks();
    const std::uint64_t limit =
        config_.ticks > 0 ? config_.ticks : per_epoch * static_cast<std::uint64_t>(config_.epochs);
    const int epochs = static_cast<int>((limit + per_epoch - 1) / per_epoch);
    std::set<int> chosen;
    for (int i = 0; i < options_.windows; ++i)
      chosen.insert(options_.windows == 1 ? epochs / 2 : i * epochs / (options_.windows - 1));
    const auto keep = [&](int epoch) {
      Place place{epoch, {}};
      for (int k = 1; k <= depth_; ++k) place.weights.push_back(machine.weights(k));
      places_.push_back(std::move(place));
    };
    Progress progress({"profile"});
    for (int epoch = 0; epoch <= epochs; ++epoch) {
      if (chosen.count(epoch) > 0) keep(epoch);
      look(machine);
      if (epoch == epochs) break;
      machine.set_learning_scale(model::learning_scale(config_.decay, epoch));
      const auto stream = task_->training(epoch);
      for (model::Sample s; p.ticks < limit && stream->next(s); ++p.ticks) {
        const double time = static_cast<double>(p.ticks) * config_.network.dt;
        machine.tick(s.input.data(), s.target.data(), s.nudge * model::nudge_scale(time, config_.beta_ramp),
                     s.changed);
        for (const double t : s.target) widen({"target", depth_}, t, t);
      }
      progress.update(0, p.ticks, limit,
                      fmt::format("training in {} bits, epoch {}", p.wide_bits, epoch + 1));
    }
    model::Score score(p.classification);
    const auto stream = task_->test();
    for (model::Sample s; stream->next(s);) {
      machine.tick(s.input.data(), s.target.data(), s.nudge, s.changed);
      if (s.scored) score.add(s, machine.read("u", depth_));
    }
    p.score = score.value();
    for (const sim::SignalStatistics& s : machine.statistics())
      if (s.saturated > 0)
        p.trouble += fmt::format("{}{} of layer {}", p.trouble.empty() ? "" : ", ", s.signal, s.layer);
  }

  void widen(const SignalKey& key, double low, double high) {
    const auto [at, fresh] = ranges_.try_emplace(key, low, high);
    if (fresh) return;
    at->second.first = std::min(at->second.first, low);
    at->second.second = std::max(at->second.second, high);
  }

  void look(const sim::EmulatorMachine& machine) {
    for (const sim::SignalStatistics& s : machine.statistics())
      if (s.count > 0 || s.signal == "weight") widen({s.signal, s.layer}, s.minimum, s.maximum);
  }

  // A window of learning from a place of the training, membranes at rest, the whole nudge. `watch`: the RMS
  // of all signals.
  Trace window(const Program& shape, const Place& place, bool watch) {
    auto loaded = std::make_shared<Program>(shape);
    for (std::size_t k = 0; k < place.weights.size(); ++k) {
      fixedpoint::Projection& p = loaded->projections[k];
      for (std::size_t i = 0; i < p.image.size(); ++i) p.image[i] = p.loaded(place.weights[k][i]).raw;
    }
    fixedpoint::EmulatorOptions how;
    how.statistics = false;
    sim::EmulatorMachine machine(loaded, how);
    const double scale = model::learning_scale(config_.decay, place.epoch);
    machine.set_learning_scale(scale);
    const auto weights = [&] {
      std::vector<Matrix> all;
      for (int k = 1; k <= depth_; ++k) all.push_back(machine.weights(k));
      return all;
    };
    const std::vector<Matrix> before = weights();
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
      if (watch) watch_signals(machine, s, scale);
    }
    trace.change = weights();
    for (std::size_t k = 0; k < before.size(); ++k)
      for (std::size_t i = 0; i < before[k].size(); ++i) trace.change[k][i] -= before[k][i];
    return trace;
  }

  void watch_signals(const sim::EmulatorMachine& machine, const model::Sample& s, double scale) {
    for (const double x : s.input) squares_[{"input", 0}].add(x);
    for (const double x : s.target) squares_[{"target", depth_}].add(x);
    for (int k = 1; k <= depth_; ++k) {
      for (const Signal signal : neuron_signals_but_target)
        for (const double x : machine.read(fixedpoint::name_of(signal), k))
          squares_[{fixedpoint::name_of(signal), k}].add(x);
      const double eta = scale * configured_.projections[static_cast<std::size_t>(k - 1)].eta_dt;
      for (const double x : machine.read("error", k)) squares_[{"step", k}].add(eta * x);
    }
  }

  void find_signals(Profile& p) {
    for (const Place& place : places_)
      for (int k = 1; k <= depth_; ++k)
        for (const double w : place.weights[static_cast<std::size_t>(k - 1)]) squares_[{"weight", k}].add(w);
    const fixedpoint::FormatTable resolved = resolved_formats(configured_);
    for (const std::string& signal : signal_order())
      for (int k = 0; k <= depth_; ++k) {
        const auto range = ranges_.find({signal, k});
        if (range == ranges_.end()) continue;
        SignalProfile s;
        s.signal = signal;
        s.layer = k;
        s.format = resolved.at(signal, k);
        s.minimum = range->second.first;
        s.maximum = range->second.second;
        s.rms = squares_[{signal, k}].root();
        p.signals.push_back(s);
      }
    const auto& tables = configured_.rate_tables;
    if (std::any_of(tables.begin(), tables.end(), [](const auto& t) { return t.piecewise; })) {
      SignalProfile s;
      s.signal = "tables";
      p.signals.push_back(s);
    }
  }

  Noise compare(const Program& shape) {
    const auto depth = static_cast<std::size_t>(depth_);
    MeanSquare output;
    std::vector<MeanSquare> change(depth);
    std::vector<double> kept(depth, 0.0);
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const Trace here = window(shape, places_[i], false);
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

  void measure(Profile& p) {
    const auto resolved = resolved_formats(configured_);
    const std::size_t count = p.signals.size();
    Progress progress({"profile"});
    std::atomic<std::uint64_t> done{0};
    fixedpoint::Workers workers(options_.threads, 0);
    workers.run(static_cast<int>(count) + 1, [&](int i) {
      const auto index = static_cast<std::size_t>(i);
      if (index == count) {
        p.together = compare(*program(config_.formats, config_.table_index_bits));
      } else {
        SignalProfile& s = p.signals[index];
        fixedpoint::FormatTable formats = wide_;
        const bool tables = s.signal == "tables";
        if (s.signal == "input")
          formats.by_signal["input"] = s.format;
        else if (!tables)
          formats.by_layer[{s.signal, s.layer}] = resolved.at(s.signal, s.layer);
        s.noise =
            compare(*program(formats, tables ? wide_index_bits(config_) : reference_index_bits(config_)));
      }
      progress.update(0, ++done, count + 2, "noise");
    });
    p.proposal = propose(config_, p, options_);
    try {
      p.proposed = compare(*program(p.proposal, config_.table_index_bits));
    } catch (const std::invalid_argument& error) {
      throw InputError(fmt::format("{}: the formats that follow from the profile have no proof: {}",
                                   config_.source, error.what()));
    }
  }

  static constexpr Signal neuron_signals_but_target[] = {Signal::basal,    Signal::apical, Signal::u,
                                                         Signal::membrane, Signal::rate,   Signal::slope,
                                                         Signal::nudge,    Signal::error,  Signal::mismatch};

  const Config& config_;
  const ProfileOptions& options_;
  std::unique_ptr<model::Task> task_;
  int depth_;
  std::vector<model::WeightMatrix> weights_;
  Program configured_;
  fixedpoint::FormatTable wide_;
  std::vector<Place> places_;
  std::vector<Trace> reference_;
  std::map<SignalKey, std::pair<double, double>> ranges_;
  std::map<SignalKey, MeanSquare> squares_;
  MeanSquare output_;
};

}  // namespace

Profile profile(const Config& config, const ProfileOptions& options) {
  try {
    check(config);
    refuse_imperfections(config, "the emulator of a profile");
    return Profiler(config, options).run();
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error.what()));
  }
}

}  // namespace apical::tools
