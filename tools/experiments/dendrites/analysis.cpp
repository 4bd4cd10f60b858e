// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "fixedpoint/program/constants.hpp"
#include "model/backpropagation.hpp"
#include "model/elementary.hpp"
#include "sim/machines/integer_machine.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/run.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

constexpr double lateral_rate = 0.03;  // per ms, of W^PI and W^IP

std::unique_ptr<sim::Machine> make(const Config& config) {
  return make_machine(config, starting_weights(config));
}

// The circuit whose matrices all stay.
std::unique_ptr<sim::Machine> still_circuit(Config config, double lambda) {
  config.microcircuit.lambda = lambda;
  config.network.learning = false;
  return make(config);
}

int depth_of(const Config& config) {
  return static_cast<int>(config.network.layers.size()) - 1;
}

// What error backpropagation brings to layer k < N: −β W_{k+1}ᵀ δ_{k+1}; δ is the gradient by the bias.
Eigen::VectorXd backpropagated(const model::Network<double>& net, const model::Drive<double>& drive, int k) {
  const auto gradient = model::backpropagate(net, drive.input, drive.target);
  const Eigen::MatrixXd& above = gradient[static_cast<std::size_t>(k)];
  return -drive.beta * net.synapses(k + 1).transpose() * above.col(above.cols() - 1);
}

// β as the machine has it.
double held(double beta, const Config& config) {
  if (config.machine == Machine::golden) return beta;
  const int frac =
      fixedpoint::fraction_bits({beta}, fixedpoint::least_beta_frac, fixedpoint::finest_constant_frac);
  return std::ldexp(static_cast<double>(fixedpoint::to_register(beta, frac, fixedpoint::constant_bits)),
                    -frac);
}

// Root mean square distance of a_k to the backpropagated error, times the share that nudged interneurons
// leave of it, over the size of the latter; all hidden layers.
double apical_distance(Config config, double beta, double lambda, const std::vector<model::Sample>& samples) {
  config.network.beta = beta;
  beta = held(beta, config);
  const auto circuit = still_circuit(config, lambda);
  const model::Network<double> net = network_of(*circuit, config);
  const int depth = depth_of(config);
  double difference = 0.0, size = 0.0;
  for (const model::Sample& s : samples) {
    circuit->tick(s.input.data(), s.target.data(), 1.0, true);
    if (&s == &samples.front()) continue;
    for (int k = 1; k < depth; ++k) {
      const Eigen::VectorXd wanted =
          model::pow(1.0 - lambda, depth - k) * backpropagated(net, world(s, beta), k);
      difference += (values(*circuit, "apical", k) - wanted).squaredNorm();
      size += wanted.squaredNorm();
    }
  }
  return std::sqrt(difference / size);
}

constexpr double smallest_beta = 1e-4;

Line distances(const Config& config, const std::string& name, double lambda,
               const std::vector<model::Sample>& samples, int count) {
  Line line{name, {}, true};
  for (const double beta : logarithmic(smallest_beta, 0.1, count))
    line.points.emplace_back(held(beta, config), apical_distance(config, beta, lambda, samples));
  return line;
}

// On integers the error, in proportion to β, sinks into the LSB of the voltages that it is a difference of.
void over_word_length(const Config& config, const std::vector<model::Sample>& samples, int count,
                      Findings& f) {
  Figure figure{"apical-bits",
                "The same for λ = 0 over the word length of all signals; integer bits stay.",
                "β",
                "relative distance",
                {},
                true,
                true};
  std::vector<std::pair<double, double>> at_smallest;
  for (const int fewer : {8, 4, 0}) {
    Config c = config;
    const int bits = config.formats.at("u", 1).bits - fewer;
    set_bits(c, bits);
    figure.lines.push_back(distances(c, fmt::format("{} bits", bits), 0.0, samples, count));
    at_smallest.emplace_back(c.formats.at("u", 1).lsb(), figure.lines.back().points.front().second);
  }
  f.at_least("order in the LSB at which the distance at β 0.0001 vanishes",
             exponent({at_smallest[1], at_smallest[2]}), 0.8, "feedback that isn't Wᵀ");
  f.figures.push_back(figure);
}

void apical_is_the_error(const Setting& setting, Findings& f) {
  const auto task = configured_task(setting.config);
  const auto samples = first_ticks(*task, setting.quick ? 1000 : 5000);
  const int count = setting.quick ? 4 : 7;
  Figure figure{
      "apical-beta",
      "Distance of the apical potential to (1 − λ)^(N−k) times the backpropagated error, relative, over "
      "the nudging strength.",
      "β",
      "relative distance",
      {},
      true,
      true};
  for (const double lambda : {0.0, 0.1, 0.5}) {
    const Line line = distances(setting.config, fmt::format("λ = {:g}", lambda), lambda, samples, count);
    figure.lines.push_back(line);
    if (lambda > 0.0) continue;
    f.at_most("apical potential off the backpropagated error at β 0.0001, relative",
              line.points.front().second, 0.01, "dendrites that hear the somata of the last tick");
    if (setting.config.machine == Machine::golden)
      f.at_least("order in β at which the distance vanishes", exponent({line.points.front(), line.points[1]}),
                 0.8, "the same: its distance stays");
    else
      f.numbers.emplace_back("β that the machine has for 0.0001", line.points.front().first);
  }
  f.figures.push_back(figure);
  if (setting.config.machine != Machine::golden) over_word_length(setting.config, samples, count, f);
}

// Nothing nudges, then the teacher does, then nothing again; weights fixed.
void silence(const Setting& setting, Findings& f) {
  const Config& config = setting.config;
  const auto circuit = still_circuit(config, 0.1);
  const model::Network<double> net = network_of(*circuit, config);
  const int last = depth_of(config);
  const auto third = static_cast<std::size_t>(std::lround(10 * config.network.tau / config.network.dt));
  const auto samples = first_ticks(*configured_task(config), 3 * third);
  Line apical{"apical potential", {}, false}, wanted{"backpropagated error × (1 − λ)²", {}, false};
  Line soma{"soma", {}, false}, basal{"basal prediction", {}, false};
  double loudest = 0.0, loudest_nudged = 0.0, loudest_in_lsb = 0.0;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const model::Sample& s = samples[n];
    const bool nudged = n >= third && n < 2 * third;
    circuit->tick(s.input.data(), s.target.data(), nudged ? 1.0 : 0.0, true);
    for (int k = 1; k < last; ++k) {
      double& loud = nudged ? loudest_nudged : loudest;
      loud = std::max(loud, values(*circuit, "apical", k).cwiseAbs().maxCoeff());
      if (!nudged) loudest_in_lsb = std::max(loudest_in_lsb, apical_in_lsb(*circuit, config, k));
    }
    if (n % 5 != 0) continue;
    const double t = static_cast<double>(n) * config.network.dt / config.network.tau;
    apical.points.emplace_back(t, circuit->read("apical", 1)[0]);
    wanted.points.emplace_back(
        t, nudged ? 0.81 * backpropagated(net, world(s, config.network.beta), 1)[0] : 0.0);
    const double predicted = circuit->read("basal", last)[0];
    soma.points.emplace_back(t, predicted + circuit->read("error", last)[0]);
    basal.points.emplace_back(t, predicted);
  }
  f.figures.push_back({"apical-trace",
                       "Apical potential of a unit of layer 1; the output is nudged from 10 τ to 20 τ.",
                       "t / τ",
                       "a",
                       {apical, wanted}});
  f.figures.push_back({"soma-trace",
                       "Soma and basal prediction of an output unit at the same time.",
                       "t / τ",
                       "u",
                       {soma, basal}});
  // B u − W^PI u^I of equal matrices and equal voltages: an identity of the state that it starts in.
  if (config.machine == Machine::golden)
    f.illustrations.emplace_back("largest apical potential while nothing nudges", loudest);
  else
    f.illustrations.emplace_back("largest apical potential while nothing nudges, in LSB · √fan-in",
                                 loudest_in_lsb);
  f.at_least("largest apical potential while the output is nudged", loudest_nudged, 1e-3,
             "dendrites that are always silent");
}

// Runs the teacher past a network that learns all the time; mean square of target − soma of the output, in
// blocks of a sixtieth of the time.
Line learning_curve(const Config& config, const char* name, double time) {
  const auto machine = make(config);
  const auto ticks = static_cast<std::uint64_t>(std::lround(time / config.network.dt));
  const std::uint64_t block = ticks / 60;
  const auto task = configured_task(config);
  const int last = depth_of(config);
  Line line{name, {}, true};
  double sum = 0.0;
  std::uint64_t n = 0;
  for (int epoch = 0; n < ticks; ++epoch) {
    const auto stream = task->training(epoch);
    for (model::Sample s; n < ticks && stream->next(s);) {
      machine->tick(s.input.data(), s.target.data(), 1.0, true);
      const Eigen::VectorXd target = world(s, 0.0).target;
      sum +=
          (target - values(*machine, "u", last)).squaredNorm() / static_cast<double>(block * s.target.size());
      if (++n % block != 0) continue;
      line.points.emplace_back(static_cast<double>(n) * config.network.dt / 1000.0, sum);
      sum = 0.0;
    }
  }
  return line;
}

double mean_of_last(const Line& line, int count) {
  double sum = 0.0;
  for (int i = 1; i <= count; ++i)
    sum += line.points[line.points.size() - static_cast<std::size_t>(i)].second;
  return sum / count;
}

// Learning that never stops, with lateral weights that keep up with the forward weights and with lateral
// weights that stay; beside the network without compartments, which transports weights. Integer machines keep
// B as it is.
void learning(const Setting& setting, Findings& f) {
  const double time = setting.quick ? 6000.0 : 30000.0;  // ms
  Config transport = setting.config, stale = setting.config;
  transport.circuit = Circuit::plain;
  stale.microcircuit.lambda = 0.1;
  Config learned = stale;
  learned.microcircuit.eta_pi = learned.microcircuit.eta_ip = {lateral_rate};
  if (setting.config.machine == Machine::golden)
    learned.microcircuit.feedback = model::Feedback::tied;
  else
    f.notes.emplace_back("On integers B stays Wᵀ of the start while W learns; on golden it is tied to Wᵀ.");
  const Line lines[] = {learning_curve(transport, "weight transport", time),
                        learning_curve(learned, "microcircuit, W^PI and W^IP learn", time),
                        learning_curve(stale, "microcircuit, they stay", time)};
  for (const Line& line : lines)
    f.numbers.emplace_back(fmt::format("mean squared error in the last sixth, {}", line.name),
                           mean_of_last(line, 10));
  f.numbers.emplace_back("mean squared error with learned lateral weights over weight transport",
                         mean_of_last(lines[1], 10) / mean_of_last(lines[0], 10));
  f.at_most("mean squared error with learned lateral weights over lateral weights that stay",
            mean_of_last(lines[1], 10) / mean_of_last(lines[2], 10), 1.0,
            "lateral weights that learn in the wrong direction");
  f.notes.emplace_back(
      "Interneurons that learn fast come to predict the teacher's nudge as well and explain it away, slow "
      "ones "
      "fall behind the forward weights: the lateral rate was chosen between the two, and the error beside "
      "weight transport varies with it and with the seed.");
  f.figures.push_back({"learning",
                       "Target against soma while learning never stops.",
                       "t, s",
                       "mean square",
                       {lines[0], lines[1], lines[2]},
                       false,
                       true});
}

Findings analyse(const Setting& setting) {
  Findings f;
  apical_is_the_error(setting, f);
  silence(setting, f);
  learning(setting, f);
  return f;
}

}  // namespace

Experiment dendrites() {
  return {
      "3", "The dendritic microcircuit",
      "Apical dendrites carry the backpropagated error: what interneurons can't explain of the activity "
      "above. When nothing nudges they are silent.",
      "A microcircuit in the self-predicting state (W^PI = B = Wᵀ, W^IP = W) follows a teacher's moving "
      "inputs. Its apical potentials are compared with error backpropagation through the forward weights, "
      "over nudging strength and the interneurons' own nudge λ; then basal plasticity stays on.",
      analyse};
}

}  // namespace apical::tools
