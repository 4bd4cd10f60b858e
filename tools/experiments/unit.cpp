// SPDX-License-Identifier: Apache-2.0
#include "tools/experiments/unit.hpp"

#include <cmath>
#include <functional>

#include "model/elementary.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/run/machines.hpp"

namespace apical::tools {
namespace {

constexpr int ticks_a_period = 500;

struct Wave {
  std::vector<double> first, second;
  double omega;  ///< rad a tick
};

// Drives the chain until nothing is left of the start, then calls visit for some whole periods.
Wave drive(Config config, double omega, double amplitude,
           const std::function<std::pair<double, double>(const sim::Machine&, double input)>& visit) {
  const double period = 2.0 * pi / omega;
  const double ticks = std::max(std::ceil(period / config.network.dt), double{ticks_a_period});
  config.network.dt = period / ticks;
  const model::Activation phi = config.network.activation;
  std::vector<model::WeightMatrix> weights;
  for (std::size_t k = 1; k < config.network.layers.size(); ++k) {
    const double gain = k == 1 ? 1.0 : 1.0 / model::phi_prime(phi, 0.0);
    model::WeightMatrix w(1, 2);
    w << gain, k == 1 ? 0.0 : -gain * model::phi(phi, 0.0);
    weights.push_back(w);
  }
  const auto machine = make_machine(config, weights);
  const int periods = 2;
  const auto start = static_cast<int>(std::ceil(15.0 * config.network.tau / config.network.dt));
  Wave wave{{}, {}, 2.0 * pi / ticks};
  for (int n = 0; n < start + periods * static_cast<int>(ticks); ++n) {
    const double input = amplitude * model::sin(wave.omega * n);
    machine->tick(&input, nullptr, 0.0, true);
    const auto [a, b] = visit(*machine, input);
    if (n < start) continue;
    wave.first.push_back(a);
    wave.second.push_back(b);
  }
  return wave;
}

std::complex<double> ratio(const Wave& wave) {
  return phasor(wave.first, wave.omega) / phasor(wave.second, wave.omega);
}

}  // namespace

std::complex<double> unit_lead(Config config, double omega, double amplitude) {
  const model::Activation phi = config.network.activation;
  double membrane = 0.0;  // as it was when the unit fired: it moves on at the end of a tick
  return ratio(drive(std::move(config), omega, amplitude, [&](const sim::Machine& machine, double) {
    const double fired_on = membrane;
    membrane = machine.read("membrane", 1)[0];
    return std::pair{machine.read("rate", 1)[0], model::phi(phi, fired_on)};
  }));
}

std::complex<double> chain_response(Config config, double omega, double amplitude) {
  const auto last = static_cast<int>(config.network.layers.size()) - 1;
  return ratio(drive(std::move(config), omega, amplitude, [&](const sim::Machine& machine, double input) {
    return std::pair{machine.read("u", last)[0], input};
  }));
}

}  // namespace apical::tools
