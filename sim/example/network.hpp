// SPDX-License-Identifier: Apache-2.0
#pragma once
// What both examples show a core: a small network, an input, and the voltages that the emulator says.
#include <cstdint>
#include <memory>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/program/random_network.hpp"
#include "sim/core/core_host.hpp"

namespace example {

using apical::fixedpoint::Program;
using apical::fixedpoint::Signal;

inline constexpr int ticks = 5;

inline apical::sim::CoreParameters core() {
  return apical::sim::named_core(APICAL_CORES, "two-lanes");
}

inline std::shared_ptr<const Program> program() {
  return std::make_shared<const Program>(
      apical::fixedpoint::compile(apical::fixedpoint::plain_network({5, 4, 3}, 3)));
}

inline std::vector<std::int64_t> input(const Program& p) {
  std::vector<std::int64_t> raw(static_cast<std::size_t>(p.populations[0].units));
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = 2000 * static_cast<std::int64_t>(i + 1);
  return raw;
}

/// Whether the outputs have the voltages of an emulator that was shown the same.
inline bool check(apical::sim::CoreHost& host, const Program& p) {
  apical::fixedpoint::Emulator emulator(std::make_shared<const Program>(p));
  const auto raw = input(p);
  emulator.write_inputs(0, raw.data(), static_cast<int>(raw.size()));
  for (int t = 0; t < ticks; ++t) emulator.tick();
  const int last = static_cast<int>(p.populations.size()) - 1;
  const auto& expected = emulator.signal(Signal::u, last);
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (host.read_signal(last, static_cast<int>(Signal::u), static_cast<int>(i)) != expected[i]) return false;
  return true;
}

}  // namespace example
