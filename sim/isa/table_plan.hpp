// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "fixedpoint/program/program.hpp"

namespace apical::sim {

/// Equal tables are stored once: where each population's table starts.
struct TablePlan {
  std::vector<std::uint32_t> rate, slope;  ///< by population
  std::vector<const fixedpoint::ActivationTable*> tables;
  std::vector<std::uint32_t> start;
  std::uint32_t words = 0;

  explicit TablePlan(const fixedpoint::Program& program)
      : rate(program.populations.size()), slope(rate.size()) {
    for (std::size_t p = 1; p < program.populations.size(); ++p) {
      if (program.populations[p].compartment != fixedpoint::Compartment::soma) continue;
      rate[p] = place(program.rate_tables[p]);
      slope[p] = place(program.slope_tables[p]);
    }
  }

 private:
  std::uint32_t place(const fixedpoint::ActivationTable& table) {
    for (std::size_t i = 0; i < tables.size(); ++i)
      if (tables[i]->base == table.base && tables[i]->delta == table.delta) return start[i];
    tables.push_back(&table);
    start.push_back(words);
    words += static_cast<std::uint32_t>(table.base.size());
    return start.back();
  }
};

}  // namespace apical::sim
