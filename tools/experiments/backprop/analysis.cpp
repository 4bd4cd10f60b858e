// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/random/mersenne_twister.hpp>
#include <cmath>

#include "model/backpropagation.hpp"
#include "model/elementary.hpp"
#include "model/normal.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"

namespace apical::tools {
namespace {

using model::Activation;

struct Comparison {
  double cosine = 0.0, ratio = 0.0;  ///< of the local ΔW to −β times the exact gradient, all layers together
  bool settled = false;
};

void add(Comparison& sum, const Comparison& one, int count) {
  sum.cosine += one.cosine / count;
  sum.ratio += one.ratio / count;
  sum.settled = sum.settled && one.settled;
}

// Products that the comparison is made of, summed over all weights.
struct Products {
  double with = 0.0, local = 0.0, exact = 0.0;
  void add(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
    with += a.cwiseProduct(b).sum();
    local += a.squaredNorm();
    exact += b.squaredNorm();
  }
};

// Shows the network one pair until it settles and takes what every synapse multiplies, err r (ΔW before the
// weight's own rounding); or, with `stored`, what one tick of learning adds to the stored weight.
Comparison compare(const Config& config, std::uint64_t seed, bool stored) {
  Config c = config;
  c.seed = seed;
  c.network.learning = stored;
  const auto machine = make_machine(c, first_weights(c));
  machine->set_learning_scale(0.0);
  const model::Network<double> net = network_of(*machine, c);
  const int depth = net.depth();
  boost::random::mt19937_64 random(seed + 1000);
  boost::random::normal_distribution<double> normal(0.0, 0.7);
  model::Sample s;
  for (int i = 0; i < c.network.layers.front(); ++i) s.input.push_back(model::tanh(normal(random)));
  for (int i = 0; i < c.network.layers.back(); ++i) s.target.push_back(model::tanh(normal(random)));

  // Integers may go on flipping by an LSB or two.
  const double lsb = c.machine == Machine::golden ? 1e-14 : c.formats.at("u", depth).lsb();
  const double still = 4.0 * lsb * lsb * depth * c.network.layers.back();
  Comparison result;
  model::Layers<double> before;
  for (int n = 0; n < 400; ++n) {
    machine->tick(s.input.data(), s.target.data(), 1.0, n == 0);
    const model::Layers<double> u = voltages(*machine, depth);
    result.settled = n > 0 && squared_distance(u, before) < still;
    if (result.settled) break;
    before = u;
  }
  if (stored) {
    machine->set_learning_scale(1.0);
    machine->tick(s.input.data(), s.target.data(), 1.0, false);
  }
  const model::Drive<double> drive = world(s, c.network.beta);
  const auto exact = model::backpropagate(net, drive.input, drive.target);
  const model::Network<double> after = network_of(*machine, c);
  Products p;
  for (int k = 1; k <= depth; ++k) {
    const auto i = static_cast<std::size_t>(k - 1);
    const Eigen::MatrixXd wanted = -c.network.beta * exact[i];
    if (stored) {
      const double eta = c.network.eta[c.network.eta.size() == 1 ? 0 : i] * c.network.dt;
      p.add((after.weights[i] - net.weights[i]) / eta, wanted);
      continue;
    }
    const std::vector<double> error = machine->read("error", k);
    std::vector<double> rate = k == 1 ? s.input : machine->read("rate", k - 1);
    if (c.network.bias) rate.push_back(1.0);
    const auto column = [](const std::vector<double>& v) {
      return Eigen::Map<const Eigen::VectorXd>(v.data(), static_cast<Eigen::Index>(v.size()));
    };
    p.add(column(error) * column(rate).transpose(), wanted);
  }
  result.cosine = p.local > 0.0 ? p.with / std::sqrt(p.local * p.exact) : 0.0;
  result.ratio = std::sqrt(p.local / p.exact);
  return result;
}

// The mean over some networks; not settled where one of them isn't.
Comparison average(const Config& config, int count, bool stored = false) {
  Comparison sum;
  sum.settled = true;
  for (int seed = 1; seed <= count; ++seed)
    add(sum, compare(config, static_cast<std::uint64_t>(seed), stored), count);
  return sum;
}

void set_depth(Config& config, int depth) {
  config.network.layers.assign(static_cast<std::size_t>(depth) + 1, 10);
}

void over_nudging(const Setting& setting, int count, Findings& f) {
  Figure cosine{"cosine-beta",
                "Cosine of the local ΔW to the exact gradient, four layers of weights, over the nudging "
                "strength; shown as its distance to 1.",
                "β",
                "1 − cosine",
                {},
                true,
                true};
  Figure ratio{
      "ratio-beta", "The same: size of ΔW over β times the gradient's.", "β", "ratio of sizes", {}, true,
      false};
  double best = 0.0, at = 0.0;
  int unsettled = 0;
  for (const Activation activation : {Activation::tanh, Activation::logistic, Activation::softplus,
                                      Activation::hard_sigmoid, Activation::relu}) {
    Config c = setting.config;
    c.network.activation = activation;
    set_depth(c, 4);
    Line off{name_of(activation), {}, false}, size = off;
    for (const double beta : logarithmic(1e-4, 1.0, setting.quick ? 5 : 13)) {
      c.network.beta = beta;
      const Comparison r = average(c, count);
      if (!r.settled) {
        ++unsettled;
        continue;
      }
      off.points.emplace_back(beta, 1.0 - r.cosine);
      size.points.emplace_back(beta, r.ratio);
      if (activation == Activation::tanh && r.cosine > best) {
        best = r.cosine;
        at = beta;
      }
      if (activation == Activation::tanh && beta == 1e-4 && c.machine == Machine::golden)
        f.at_most("size of ΔW over β times the gradient's at β 0.0001, off 1", std::abs(r.ratio - 1.0), 0.01);
    }
    cosine.lines.push_back(off);
    ratio.lines.push_back(size);
  }
  f.figures.push_back(cosine);
  f.figures.push_back(ratio);
  f.numbers.emplace_back("β of the best cosine at depth 4, tanh", at);
  f.numbers.emplace_back("points left out because a network didn't settle", unsettled);
  f.at_least("cosine at depth 4 and the best β", best, 0.999);
}

void over_depth(const Setting& setting, int count, Findings& f) {
  Figure figure{"cosine-depth",
                "Cosine over the depth of the network, tanh.",
                "layers of weights",
                "1 − cosine",
                {},
                false,
                true};
  for (const double beta : {1e-3, 1e-2, 1e-1}) {
    Line line{fmt::format("β = {:g}", beta), {}, true};
    for (int depth = 1; depth <= 8; ++depth) {
      Config c = setting.config;
      set_depth(c, depth);
      c.network.beta = beta;
      const Comparison r = average(c, count);
      if (r.settled) line.points.emplace_back(depth, 1.0 - r.cosine);
    }
    figure.lines.push_back(line);
  }
  f.figures.push_back(figure);
}

void over_word_length(const Setting& setting, int count, Findings& f) {
  Figure figure{"cosine-bits",
                "Cosine over the word length of all signals and weights, four layers, tanh: what synapses "
                "multiply, and what one tick (η 1) adds to the stored weight.",
                "bits",
                "1 − cosine",
                {},
                false,
                true};
  double at_wide = 0.0;
  for (const double beta : {1e-3, 1e-2}) {
    Line products{fmt::format("err r, β = {:g}", beta), {}, true},
        stored{fmt::format("stored, β = {:g}", beta), {}, true};
    for (int bits = 8; bits <= 24; bits += setting.quick ? 4 : 2) {
      Config c = setting.config;
      set_depth(c, 4);
      c.network.beta = beta;
      set_bits(c, bits);
      const Comparison r = average(c, count), kept = average(c, count, true);
      products.points.emplace_back(bits, 1.0 - r.cosine);
      stored.points.emplace_back(bits, 1.0 - kept.cosine);
      if (beta == 1e-2) {
        f.numbers.emplace_back(fmt::format("cosine at {} bits, β 0.01", bits), r.cosine);
        if (bits == 24) at_wide = r.cosine;
      }
    }
    figure.lines.push_back(products);
    figure.lines.push_back(stored);
  }
  f.figures.push_back(figure);
  f.at_least("cosine at depth 4, β 0.01 and 24 bits", at_wide, 0.999);
}

Findings analyse(const Setting& setting) {
  Findings f;
  const int count = setting.quick ? 3 : 10;
  over_nudging(setting, count, f);
  over_depth(setting, count, f);
  if (setting.config.machine == Machine::emulator) over_word_length(setting, count, f);
  return f;
}

}  // namespace

Experiment backprop() {
  return {
      "3", "Local plasticity is backpropagation",
      "For weak nudging the local update, the basal dendrite's error times the rate that arrives, is the "
      "gradient that error backpropagation computes.",
      "Networks of ten units a layer with random weights settle on random pairs of input and target. What "
      "every synapse multiplies, err r, is compared with the exact gradient for the machine's own weights: "
      "cosine and ratio of sizes, over nudging strength, depth and activation, and on the emulator over the "
      "word length.",
      analyse};
}

}  // namespace apical::tools
