// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/energy.hpp"
#include "model/microcircuit.hpp"
#include "model/task.hpp"
#include "sim/machines/machine.hpp"
#include "tools/config/config.hpp"

namespace apical::tools {

/// A machine seen with the theory's eyes.

/// The network with the weights that the machine computes with.
model::Network<double> network_of(const sim::Machine&, const Config&);
/// The matrices that a microcircuit computes with.
model::MicrocircuitWeights circuit_of(const sim::Machine&, const Config&);
/// A signal of layer 1..N after the tick [n_layer]; throws as Machine::read().
Eigen::VectorXd values(const sim::Machine&, const std::string& signal, int layer);
/// Largest apical potential of layer k < N of a microcircuit in units of LSB · √fan-in of its format.
double apical_in_lsb(const sim::Machine&, const Config&, int k);
/// u of layers 1..N after the tick.
model::Layers<double> voltages(const sim::Machine&, int depth);
/// The same after every tick of `samples` from number `first` on.
std::vector<model::Layers<double>> course(sim::Machine&, const std::vector<model::Sample>& samples,
                                          std::size_t first, int depth);
/// What a tick of the task shows, as it stands still.
model::Drive<double> world(const model::Sample&, double beta);

/// The first `count` ticks of the task's training.
std::vector<model::Sample> first_ticks(const model::Task&, std::size_t count);

/// Initial weights of the configuration.
std::vector<model::WeightMatrix> first_weights(const Config&);

/// Every signal and the weights in `bits` bits, with the integer bits that they have.
void set_bits(Config&, int bits);

double squared_distance(const model::Layers<double>& a, const model::Layers<double>& b);

}  // namespace apical::tools
