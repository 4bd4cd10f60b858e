// Microcircuits and graphs on integers against the same equations in doubles, which share no code with them:
// what separates the two is rounding, so it halves with every fraction bit.
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <map>
#include <random>

#include "fixedpoint/program/compiler.hpp"
#include "model/microcircuit.hpp"
#include "sim/machines/emulator_machine.hpp"

namespace {

using namespace apical;
using fixedpoint::NetworkDescription;

constexpr int ticks = 200;

// Every signal with `frac` fraction bits and room above; tables as fine as they come.
NetworkDescription fine(std::vector<int> layers, int frac) {
  NetworkDescription net;
  net.layers = std::move(layers);
  net.activation = fixedpoint::Function::tanh;
  net.tau = 8.0;
  net.beta = 0.25;
  net.eta = {1.0 / 64};
  net.table_index_bits = 16;
  net.formats.by_signal = fixedpoint::default_formats();
  for (auto& [name, format] : net.formats.by_signal) {
    format.bits = name == "step" ? 30 : frac + 4;
    if (name != "step") format.frac = frac;
    format.rounding = fixedpoint::Rounding::rnd_conv;
  }
  return net;
}

std::vector<double> row_major(const Eigen::MatrixXd& m) {
  std::vector<double> values;
  for (Eigen::Index row = 0; row < m.rows(); ++row)
    for (Eigen::Index column = 0; column < m.cols(); ++column) values.push_back(m(row, column));
  return values;
}

Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index columns, std::mt19937_64& random) {
  std::normal_distribution<double> normal(0.0, 0.8 / std::sqrt(static_cast<double>(columns)));
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&](auto) { return normal(random); });
}

// Slope of y over 0, 1, 2, ... by least squares.
double slope(const std::vector<double>& y) {
  const double count = static_cast<double>(y.size()), middle = (count - 1) / 2;
  double xy = 0, xx = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double x = static_cast<double>(i) - middle;
    xy += x * y[i];
    xx += x * x;
  }
  return xy / xx;
}

// Sums of squared distances by name.
class Distances {
 public:
  void add(const std::string& name, const std::vector<double>& here, const double* there) {
    auto& [sum, count] = sums_[name];
    for (std::size_t i = 0; i < here.size(); ++i) sum += std::pow(here[i] - there[i], 2);
    count += static_cast<double>(here.size());
  }
  std::map<std::string, double> logs() const {
    std::map<std::string, double> all;
    for (const auto& [name, entry] : sums_) all[name] = 0.5 * std::log2(entry.first / entry.second);
    return all;
  }

 private:
  std::map<std::string, std::pair<double, double>> sums_;
};

struct Drive {
  std::vector<double> input, target;
  Drive(int inputs, int targets)
      : input(static_cast<std::size_t>(inputs)), target(static_cast<std::size_t>(targets)) {}
  void at(int t) {
    for (std::size_t i = 0; i < input.size(); ++i)
      input[i] = std::sin(0.05 * t * (1.0 + 0.3 * static_cast<double>(i)) + static_cast<double>(i));
    for (std::size_t i = 0; i < target.size(); ++i)
      target[i] = std::cos(0.04 * t + 2.0 * static_cast<double>(i));
  }
};

void expect_halving(const std::string& what,
                    const std::function<std::map<std::string, double>(int)>& distances) {
  std::map<std::string, std::vector<double>> logs;
  constexpr int first = 13, last = 24;
  for (int frac = first; frac <= last; ++frac)
    for (const auto& [name, log] : distances(frac)) logs[name].push_back(log);
  for (const auto& [name, values] : logs) {
    const double found = slope(values);
    std::cout << what << " " << name << ": error 2^" << values.front() << " at " << first
              << " fraction bits, slope " << found << "\n";
    EXPECT_NEAR(found, -1.0, 0.1) << what << " " << name;
    EXPECT_LT(values.front(), -7.0) << what << " " << name << ": not the same dynamics";
  }
}

model::MicrocircuitSettings settings() {
  model::MicrocircuitSettings s;
  s.layers = {6, 9, 7, 4};
  s.activation = model::Activation::tanh;
  s.beta = 0.25;
  s.lambda = 0.25;
  s.eta = {1.0 / 64};
  s.eta_pi = {1.0 / 128};
  s.eta_ip = {1.0 / 32};
  return s;
}

NetworkDescription description(const model::MicrocircuitSettings& s, const model::MicrocircuitWeights& w,
                               int frac) {
  NetworkDescription net = fine(s.layers, frac);
  net.microcircuit = true;
  net.feedback_learns = s.feedback == model::Feedback::learned;
  net.weight_decay = s.decay;
  net.lambda = s.lambda;
  net.eta_pi = s.eta_pi;
  net.eta_ip = s.eta_ip;
  for (const auto& m : model::in_order(w)) net.weights.push_back(row_major(m));
  return net;
}

model::MicrocircuitWeights random_weights(const std::vector<int>& layers, unsigned seed) {
  std::mt19937_64 random(seed);
  model::MicrocircuitWeights w;
  for (std::size_t k = 1; k < layers.size(); ++k) {
    w.forward.push_back(normal_matrix(layers[k], layers[k - 1] + 1, random));
    if (k + 1 == layers.size()) break;
    w.feedback.push_back(normal_matrix(layers[k], layers[k + 1], random));
    w.pyramidal.push_back(normal_matrix(layers[k], layers[k + 1], random));
    w.interneurons.push_back(normal_matrix(layers[k + 1], layers[k] + 1, random));
  }
  return w;
}

std::map<std::string, double> microcircuit_distances(model::Feedback feedback, double decay, int frac) {
  model::MicrocircuitSettings s = settings();
  s.feedback = feedback;
  s.decay = decay;
  const model::MicrocircuitWeights weights = random_weights(s.layers, 4);
  model::Microcircuit golden(s, weights);
  sim::EmulatorMachine machine(
      std::make_shared<const fixedpoint::Program>(compile(description(s, weights, frac))));
  Distances d;
  Drive drive(s.layers.front(), s.layers.back());
  for (int t = 0; t < ticks; ++t) {
    drive.at(t);
    golden.tick(drive.input.data(), drive.target.data(), 1.0);
    machine.tick(drive.input.data(), drive.target.data(), 1.0, true);
    for (int k = 1; k <= golden.depth(); ++k) {
      d.add("basal", machine.read("basal", k), golden.basal(k).data());
      d.add("u", machine.read("u", k), golden.u(k).data());
      d.add("rate", machine.read("rate", k), golden.rate(k).data());
      d.add("error", machine.read("error", k), golden.error(k).data());
      if (k == golden.depth()) continue;
      const int interneuron = golden.depth() + 1 + (feedback == model::Feedback::learned ? 4 : 3) * (k - 1);
      d.add("apical", machine.read("apical", k), golden.apical(k).data());
      d.add("dendrite", machine.read("basal", interneuron + 1), golden.apical(k).data());
      d.add("interneuron", machine.read("u", interneuron), golden.interneuron(k).data());
    }
  }
  const auto matrices = model::in_order(golden.weights());
  for (std::size_t i = 0; i < matrices.size(); ++i)
    d.add(fixedpoint::matrices(description(s, weights, frac))[i].name.substr(0, 2),
          machine.weights(static_cast<int>(i) + 1), row_major(matrices[i]).data());
  return d.logs();
}

}  // namespace

TEST(Microcircuit, ErrorHalvesWithEveryFractionBit) {
  for (const double decay : {0.0, 1.0 / 256})
    for (const model::Feedback feedback : {model::Feedback::fixed, model::Feedback::learned})
      expect_halving(std::string(name_of(feedback)) + " B, decay " + std::to_string(decay),
                     [&](int frac) { return microcircuit_distances(feedback, decay, frac); });
}

// W^PI = B and W^IP = W: without a nudge no apical dendrite holds a single LSB and no weight moves; with one,
// both do.
TEST(Microcircuit, TheSelfPredictingStateIsSilentToTheBit) {
  model::MicrocircuitSettings s = settings();
  std::vector<model::WeightMatrix> forward;
  for (const auto& m : random_weights(s.layers, 9).forward) forward.emplace_back(m);
  for (const bool coarse : {false, true}) {
    NetworkDescription net = description(s, model::self_predicting(forward), 14);
    if (coarse) net.formats.by_signal = fixedpoint::default_formats();
    sim::EmulatorMachine machine(std::make_shared<const fixedpoint::Program>(compile(net)));
    const auto all_weights = [&] {
      std::vector<std::vector<double>> all;
      for (int i = 1; i <= static_cast<int>(net.weights.size()); ++i) all.push_back(machine.weights(i));
      return all;
    };
    const auto before = all_weights();
    Drive drive(s.layers.front(), s.layers.back());
    double voltage = 0.0;
    for (int t = 0; t < ticks; ++t) {
      drive.at(t);
      machine.tick(drive.input.data(), drive.target.data(), 0.0, true);
      for (int k = 1; k + 1 < static_cast<int>(s.layers.size()); ++k)
        for (const double a : machine.read("apical", k)) ASSERT_EQ(a, 0.0) << "tick " << t;
      for (const double u : machine.read("u", 1)) voltage = std::max(voltage, std::abs(u));
    }
    EXPECT_GT(voltage, 0.1);
    EXPECT_EQ(all_weights(), before);
    for (int t = 0; t < ticks; ++t) {
      drive.at(t);
      machine.tick(drive.input.data(), drive.target.data(), 1.0, true);
    }
    EXPECT_NE(all_weights(), before);
  }
}

namespace {

// One tick of the sweep over any graph, written from equations (12) to (16) of model/README.md: rates of
// earlier layers are this tick's and of later ones the last tick's, errors the other way round; rho = 1.
struct Graph {
  std::vector<int> layers{5, 8, 6, 4};
  std::vector<std::pair<int, int>> connections{{0, 1}, {2, 1}, {0, 2}, {1, 2},
                                               {2, 2}, {0, 3}, {1, 3}, {2, 3}};
  std::map<std::pair<int, int>, Eigen::MatrixXd> weights;  // (target, source)
  std::vector<Eigen::VectorXd> rate, basal, nudge, error, slope;
  double beta = 0.25, eta = 1.0 / 64;

  Graph() {
    std::mt19937_64 random(11);
    for (const auto& [source, target] : connections)
      weights[{target, source}] =
          normal_matrix(units(target), units(source) + (lowest(target) == source ? 1 : 0), random);
    for (auto* values : {&rate, &basal, &nudge, &error, &slope})
      for (std::size_t k = 0; k < layers.size(); ++k) values->push_back(Eigen::VectorXd::Zero(layers[k]));
  }
  Eigen::Index units(int layer) const { return layers[static_cast<std::size_t>(layer)]; }
  int lowest(int target) const {
    int low = 99;
    for (const auto& c : connections)
      if (c.second == target) low = std::min(low, c.first);
    return low;
  }
  void tick(const std::vector<double>& input, const std::vector<double>& target) {
    const auto at = [](int k) { return static_cast<std::size_t>(k); };
    const int last = static_cast<int>(layers.size()) - 1;
    rate[0] = Eigen::Map<const Eigen::VectorXd>(input.data(), units(0));
    for (int k = 1; k <= last; ++k) {
      basal[at(k)].setZero();
      for (const auto& [key, w] : weights) {
        if (key.first != k) continue;
        const Eigen::Index n = units(key.second);
        basal[at(k)] += w.leftCols(n) * rate[at(key.second)];
        if (w.cols() > n) basal[at(k)] += w.col(n);
      }
      const Eigen::ArrayXd u = (basal[at(k)] + nudge[at(k)]).array();
      rate[at(k)] = u.tanh();
      slope[at(k)] = 1.0 - u.tanh().square();
      if (k == last)
        nudge[at(k)] = beta * (Eigen::Map<const Eigen::VectorXd>(target.data(), units(k)).array() - u);
    }
    for (int k = last; k >= 1; --k) {
      if (k < last) {
        Eigen::VectorXd apical = Eigen::VectorXd::Zero(units(k));
        for (const auto& [key, w] : weights)
          if (key.second == k) apical += w.leftCols(units(k)).transpose() * error[at(key.first)];
        nudge[at(k)] = slope[at(k)].cwiseProduct(apical);
      }
      error[at(k)] = nudge[at(k)];
    }
    for (auto& [key, w] : weights) {
      const Eigen::VectorXd step = eta * error[at(key.first)];
      const Eigen::Index n = units(key.second);
      w.leftCols(n) += step * rate[at(key.second)].transpose();
      if (w.cols() > n) w.col(n) += step;
    }
  }
};

std::map<std::string, double> graph_distances(int frac) {
  Graph graph;
  NetworkDescription net = fine(graph.layers, frac);
  net.connections = graph.connections;
  for (const auto& [key, w] : graph.weights) net.weights.push_back(row_major(w));
  sim::EmulatorMachine machine(std::make_shared<const fixedpoint::Program>(compile(net)));
  Distances d;
  Drive drive(graph.layers.front(), graph.layers.back());
  for (int t = 0; t < ticks; ++t) {
    drive.at(t);
    graph.tick(drive.input, drive.target);
    machine.tick(drive.input.data(), drive.target.data(), 1.0, true);
    for (int k = 1; k <= 3; ++k) {
      const auto at = static_cast<std::size_t>(k);
      d.add("basal", machine.read("basal", k), graph.basal[at].data());
      d.add("rate", machine.read("rate", k), graph.rate[at].data());
      d.add("error", machine.read("error", k), graph.error[at].data());
    }
  }
  int number = 0;
  for (const auto& [key, w] : graph.weights) d.add("weight", machine.weights(++number), row_major(w).data());
  return d.logs();
}

}  // namespace

TEST(Graphs, ErrorHalvesWithEveryFractionBit) {
  expect_halving("graph", graph_distances);
}

TEST(Graphs, WhatCannotRunIsRefusedByName) {
  const auto message = [](const std::function<void(NetworkDescription&)>& change) -> std::string {
    NetworkDescription net = fine({3, 4, 5, 2}, 12);
    change(net);
    try {
      fixedpoint::compile_shape(net);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  using Net = NetworkDescription;
  const std::pair<const char*, std::function<void(Net&)>> cases[] = {
      {"[3, 1]",
       [](Net& n) {
         n.connections = {{0, 1}, {1, 2}, {2, 3}, {3, 1}};
       }},
      {"[1, 0]",
       [](Net& n) {
         n.connections = {{0, 1}, {1, 2}, {2, 3}, {1, 0}};
       }},
      {"given twice",
       [](Net& n) {
         n.connections = {{0, 1}, {1, 2}, {2, 3}, {1, 2}};
       }},
      {"nothing leads to layer 2",
       [](Net& n) {
         n.connections = {{0, 1}, {1, 3}, {2, 3}};
       }},
      {"layer 2 doesn't lead",
       [](Net& n) {
         n.connections = {{0, 1}, {1, 2}, {1, 3}};
       }},
      {"network.lambda", [](Net& n) { n.microcircuit = true, n.lambda = 1.5; }},
      {"learning.eta_pi",
       [](Net& n) {
         n.microcircuit = true, n.eta_pi = {0.1, 0.1, 0.1};
       }},
      {"sweep", [](Net& n) { n.microcircuit = true, n.parallel_order = true; }},
      {"one of them",
       [](Net& n) {
         n.microcircuit = true, n.connections = {{0, 1}, {1, 2}, {2, 3}};
       }},
      {"fraction bits",
       [](Net& n) {
         n.connections = {{0, 1}, {1, 2}, {2, 3}, {0, 3}};
         n.formats.by_signal["input"].frac = 10;
       }},
  };
  EXPECT_EQ(message([](Net&) {}), "");
  for (const auto& [expected, change] : cases)
    EXPECT_NE(message(change).find(expected), std::string::npos) << expected << ": " << message(change);
}
