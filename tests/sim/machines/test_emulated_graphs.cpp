// SPDX-License-Identifier: Apache-2.0
// Graphs on integers against the same equations in doubles, which share no code with them:
// what separates the two is rounding, so it halves with every fraction bit.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "fixedpoint/program/compiler.hpp"
#include "sim/machines/emulator_machine.hpp"
#include "tests/sim/machines/halving.hpp"

namespace {

using namespace apical;
using namespace apical::test;
using fixedpoint::NetworkDescription;

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
