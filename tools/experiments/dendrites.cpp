#include <fmt/format.h>

#include <cmath>

#include "model/backpropagation.hpp"
#include "model/microcircuit.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/panels.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/stimulus.hpp"

namespace apical::tools {
namespace {

using model::Microcircuit;

constexpr const char* configuration =
    R"(# A microcircuit in the self-predicting state, nudged by a teacher; inputs move at about 0.4/tau.
[network]
layers = [4, 8, 6, 2]
activation = "tanh"
[dynamics]
tau = 10.0
dt = 0.1
beta = 0.1
[learning]
eta = 0.05
[task]
kind = "teacher"
teacher_layers = [4, 6, 2]
correlation_time = 50.0
[run]
machine = "golden"
)";

constexpr double lateral_rate = 0.03;  // per ms, of W^PI and W^IP

Microcircuit make_circuit(const Config& config, double lambda, double eta, double lateral = 0.0,
                          const char* feedback = "fixed") {
  model::MicrocircuitSettings s;
  s.layers = config.network.layers;
  s.activation = model::parse_activation(config.activation);
  s.dt = config.network.dt;
  s.beta = config.network.beta;
  s.lambda = lambda;
  s.eta = {eta};
  s.eta_pi = s.eta_ip = {lateral};
  s.feedback = feedback;
  return {s, model::self_predicting(first_weights(config))};
}

model::Network<double> forward_network(const Microcircuit& circuit, const Config& config) {
  model::Network<double> net;
  net.activation = model::parse_activation(config.activation);
  net.weights = circuit.weights().forward;
  return net;
}

// What error backpropagation brings to layer k < N: −β W_{k+1}ᵀ δ_{k+1}; δ is the gradient by the bias.
Eigen::VectorXd backpropagated(const model::Network<double>& net, const model::Drive<double>& drive, int k) {
  const auto gradient = model::backpropagate(net, drive.input, drive.target);
  const Eigen::MatrixXd& above = gradient[static_cast<std::size_t>(k)];
  return -drive.beta * net.synapses(k + 1).transpose() * above.col(above.cols() - 1);
}

// Root mean square distance of a_k to the backpropagated error, times the share that nudged interneurons
// leave of it, over the size of the latter; all hidden layers.
double apical_distance(Config config, double beta, double lambda, const std::vector<model::Sample>& samples) {
  config.network.beta = beta;
  Microcircuit circuit = make_circuit(config, lambda, 0.0);
  const model::Network<double> net = forward_network(circuit, config);
  double difference = 0.0, size = 0.0;
  for (const model::Sample& s : samples) {
    circuit.tick(s.input.data(), s.target.data(), 1.0);
    if (&s == &samples.front()) continue;
    for (int k = 1; k < circuit.depth(); ++k) {
      const Eigen::VectorXd wanted =
          std::pow(1.0 - lambda, circuit.depth() - k) * backpropagated(net, world(s, beta), k);
      difference += (circuit.apical(k) - wanted).squaredNorm();
      size += wanted.squaredNorm();
    }
  }
  return std::sqrt(difference / size);
}

void apical_is_the_error(const Setting& setting, Findings& f) {
  const auto task = configured_task(setting.config);
  const auto samples = first_ticks(*task, setting.quick ? 1000 : 5000);
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
    Line line{fmt::format("λ = {:g}", lambda), {}, true};
    for (const double beta : logarithmic(1e-4, 0.1, setting.quick ? 4 : 7))
      line.points.emplace_back(beta, apical_distance(setting.config, beta, lambda, samples));
    if (lambda == 0.0) {
      f.at_most("apical potential off the backpropagated error at β 0.0001, relative",
                line.points.front().second, 0.01);
      f.at_least("order in β at which the distance vanishes", exponent({line.points.front(), line.points[1]}),
                 0.8);
    }
    figure.lines.push_back(line);
  }
  f.figures.push_back(figure);
}

// Nothing nudges, then the teacher does, then nothing again; weights fixed.
void silence(const Setting& setting, Findings& f) {
  const Config& config = setting.config;
  Microcircuit circuit = make_circuit(config, 0.1, 0.0);
  const model::Network<double> net = forward_network(circuit, config);
  const auto third = static_cast<std::size_t>(std::lround(10 * config.network.tau / config.network.dt));
  const auto samples = first_ticks(*configured_task(config), 3 * third);
  Line apical{"apical potential", {}, false}, wanted{"backpropagated error × (1 − λ)²", {}, false};
  Line soma{"soma", {}, false}, basal{"basal prediction", {}, false};
  double loudest = 0.0, loudest_nudged = 0.0;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const model::Sample& s = samples[n];
    const bool nudged = n >= third && n < 2 * third;
    circuit.tick(s.input.data(), s.target.data(), nudged ? 1.0 : 0.0);
    for (int k = 1; k < circuit.depth(); ++k) {
      double& loud = nudged ? loudest_nudged : loudest;
      loud = std::max(loud, circuit.apical(k).cwiseAbs().maxCoeff());
    }
    if (n % 5 != 0) continue;
    const double t = static_cast<double>(n) * config.network.dt / config.network.tau;
    apical.points.emplace_back(t, circuit.apical(1)[0]);
    wanted.points.emplace_back(
        t, nudged ? 0.81 * backpropagated(net, world(s, config.network.beta), 1)[0] : 0.0);
    soma.points.emplace_back(t, circuit.basal(3)[0] + circuit.error(3)[0]);
    basal.points.emplace_back(t, circuit.basal(3)[0]);
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
  f.at_most("largest apical potential while nothing nudges", loudest, 1e-12);
  f.at_least("largest apical potential while the output is nudged", loudest_nudged, 1e-3);
}

// Runs the teacher past a network that learns all the time; mean square of target − soma of the output, in
// blocks of a sixtieth of the time.
template <class Net>
Line learning_curve(const Config& config, const char* name, double time, Net& net) {
  const auto ticks = static_cast<std::uint64_t>(std::lround(time / config.network.dt));
  const std::uint64_t block = ticks / 60;
  const auto task = configured_task(config);
  const int last = static_cast<int>(config.network.layers.size()) - 1;
  Line line{name, {}, true};
  double sum = 0.0;
  std::uint64_t n = 0;
  for (int epoch = 0; n < ticks; ++epoch) {
    const auto stream = task->training(epoch);
    for (model::Sample s; n < ticks && stream->next(s);) {
      net.tick(s.input.data(), s.target.data(), 1.0);
      const Eigen::VectorXd target = world(s, 0.0).target;
      sum += (target - net.u(last)).squaredNorm() / static_cast<double>(block * s.target.size());
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
// weights that stay; beside the golden network, which transports weights.
void learning(const Setting& setting, Findings& f) {
  const Config& config = setting.config;
  const double time = setting.quick ? 6000.0 : 30000.0;  // ms
  const double eta = config.network.eta[0];
  model::GoldenSettings reference = config.network;
  reference.activation = model::parse_activation(config.activation);
  model::Golden golden(reference, first_weights(config));
  Microcircuit learned = make_circuit(config, 0.1, eta, lateral_rate, "tied");
  Microcircuit stale = make_circuit(config, 0.1, eta);
  const Line lines[] = {learning_curve(config, "weight transport", time, golden),
                        learning_curve(config, "microcircuit, W^PI and W^IP learn", time, learned),
                        learning_curve(config, "microcircuit, they stay", time, stale)};
  for (const Line& line : lines)
    f.numbers.emplace_back(fmt::format("mean squared error in the last sixth, {}", line.name),
                           mean_of_last(line, 10));
  f.numbers.emplace_back("mean squared error with learned lateral weights over weight transport",
                         mean_of_last(lines[1], 10) / mean_of_last(lines[0], 10));
  f.at_most("mean squared error with learned lateral weights over lateral weights that stay",
            mean_of_last(lines[1], 10) / mean_of_last(lines[2], 10), 1.0);
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
      "dendrites",
      "3",
      "The dendritic microcircuit",
      "Apical dendrites carry the backpropagated error: what interneurons can't explain of the activity "
      "above. When nothing nudges they are silent.",
      "A microcircuit in the self-predicting state (W^PI = B = Wᵀ, W^IP = W) follows a teacher's moving "
      "inputs. Its apical potentials are compared with error backpropagation through the forward weights, "
      "over nudging strength and the interneurons' own nudge λ; then basal plasticity stays on.",
      configuration,
      analyse,
      true};
}

}  // namespace apical::tools
