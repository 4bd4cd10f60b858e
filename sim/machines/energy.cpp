// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/energy.hpp"

#include <algorithm>
#include <cmath>

namespace apical::sim {

using fixedpoint::Population;
using fixedpoint::Signal;

double memory_access(double words, int bits, const EnergyCosts& costs) {
  const double kilobytes = words * bits / 8192.0;
  return costs.memory * std::sqrt(std::max(kilobytes, 0.125) / 8.0) * bits / 64.0;
}

Energy estimate(const fixedpoint::Program& program, int layer, const fixedpoint::Activity& a,
                const EnergyCosts& costs) {
  Energy e;
  if (layer == 0) return e;
  const Population& target = program.populations[static_cast<std::size_t>(layer)];
  // A multiplication and the addition of its result, whose width is that of both factors.
  const auto mac = [&](int first, int second) {
    return costs.multiply * first * second / 1024.0 + costs.add * (first + second) / 32.0;
  };
  const auto access = [&](double words, int bits) { return memory_access(words, bits, costs); };
  auto traffic = a.into.begin();
  for (const fixedpoint::Projection& p : program.projections) {
    if (p.target != layer) continue;
    if (traffic == a.into.end()) break;  // nothing was counted
    const int rate = program.populations[static_cast<std::size_t>(p.source)][Signal::rate].bits;
    e.arithmetic +=
        static_cast<double>(traffic->forward_macs) * mac(p.weight.bits, rate) +
        static_cast<double>(traffic->backward_macs) * mac(p.weight.bits, target[Signal::error].bits) +
        static_cast<double>(traffic->learn_macs) * mac(p.step.bits, rate);
    e.weight_memory += static_cast<double>(traffic->weight_reads + traffic->weight_writes) *
                       access(static_cast<double>(p.rows) * p.columns, p.learned().bits);
    ++traffic;
  }
  e.state_memory =
      static_cast<double>(a.state_reads + a.state_writes) *
      access(static_cast<double>(target.units) * fixedpoint::neuron_signals, target[Signal::u].bits);
  return e;
}

}  // namespace apical::sim
