// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fixedpoint/numeric/format.hpp"
#include "sim/dut/index_expression.hpp"

namespace apical::sim {

/// Where a design holds the values of a signal or a matrix, one of each place (unit, or row and column).
struct DutPlace {
  std::string where;  ///< who says so, for messages: "dut.toml:12: signals.layer1.u"
  HierarchicalName name;
  std::vector<IndexExpression> index;  ///< one per unpacked dimension
  std::optional<IndexExpression> bit;  ///< the lowest one, where an element holds more than one value
  int width = 0;                       ///< bits that the design gives a value
  fixedpoint::Format format;
};

/// A single port or variable.
struct DutPort {
  std::string where, name;
  std::uint64_t value = 1;  ///< that starts, ends or resets
  int clocks = 1;           ///< for so many, or after so many
};

/// A design that nobody of this project wrote, and how it is played: tools/README.md, "A design of your own".
struct DutDescription {
  std::filesystem::path folder;  ///< that relative names start from
  std::string top;
  std::vector<std::string> sources, includes, parameters, defines;  ///< "NAME=value"
  DutPort clock, start, done;
  std::optional<DutPort> reset;
  std::uint64_t limit = 100'000;  ///< clocks of a tick
  std::optional<DutPlace> input, target, nudge;
  std::map<int, DutPlace> eta, weights;             ///< by projection
  std::map<std::pair<int, int>, DutPlace> signals;  ///< by population and field of the state
};

}  // namespace apical::sim
