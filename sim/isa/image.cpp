// SPDX-License-Identifier: Apache-2.0
#include "sim/isa/image.hpp"

#include <algorithm>

#include "sim/isa/core_map.hpp"
#include "sim/isa/format_words.hpp"
#include "sim/isa/pass_words.hpp"
#include "sim/isa/requirements.hpp"
#include "sim/isa/table_plan.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

std::uint32_t eta_register(const Program& program, int projection, double factor) {
  const Projection& p = program.projections[static_cast<std::size_t>(projection)];
  return static_cast<std::uint32_t>(fixedpoint::to_register(p.eta_dt * factor, p.eta_frac, eta_bits));
}

std::uint32_t weight_address(const CoreImage& image, const Program& program, int lanes, int projection,
                             int row, int column) {
  const Projection& p = program.projections[static_cast<std::size_t>(projection)];
  const int blocks = round_up(p.columns, lanes) / lanes;
  const std::uint32_t word =
      image.first_block[static_cast<std::size_t>(projection)] +
      static_cast<std::uint32_t>((row / lanes * blocks + column / lanes) * lanes + row % lanes);
  return word * static_cast<std::uint32_t>(lanes) + static_cast<std::uint32_t>((row + column) % lanes);
}

CoreImage assemble(const Program& program, const CoreParameters& core) {
  check_fits(program, core);
  CoreImage image;
  std::uint32_t unit = 0;
  for (const Population& p : program.populations) {
    image.first_unit.push_back(unit);
    unit += static_cast<std::uint32_t>(round_up(p.units, core.lanes));
  }
  std::uint32_t word = 0;
  for (const Projection& p : program.projections) {
    image.first_block.push_back(p.shares < 0 ? word : image.first_block[static_cast<std::size_t>(p.shares)]);
    word += static_cast<std::uint32_t>(padded_words(p, core.lanes));
  }
  const TablePlan tables(program);
  const auto put = [&](int select, std::uint32_t address, std::int64_t value) {
    image.memory.push_back({select, address, value});
  };
  const auto put_all = [&](std::uint32_t address, const auto& words) {
    for (const std::uint32_t w : words) put(window::descriptors, address++, w);
  };
  for (std::size_t i = 0; i < tables.tables.size(); ++i)
    for (std::size_t n = 0; n < tables.tables[i]->base.size(); ++n) {
      const std::uint32_t address = tables.start[i] + static_cast<std::uint32_t>(n);
      put(window::table_base, address, tables.tables[i]->base[n]);
      put(window::table_delta, address, tables.tables[i]->piecewise ? tables.tables[i]->delta[n] : 0);
    }
  for (std::size_t n = 0; n < program.decay.size(); ++n)
    put(window::decay, static_cast<std::uint32_t>(n), program.decay[n]);

  // Populations.
  for (std::size_t p = 0; p < program.populations.size(); ++p) {
    const Population& population = program.populations[p];
    isa::Header header;
    header.place = {population.units, static_cast<int>(image.first_unit[p]) / core.lanes};
    // The core looks at as many bits as a signal has, by which nothing moves more than by all of them.
    const std::int64_t most = (std::int64_t{1} << core.sw) - 1;
    header.theta_rate.value = static_cast<std::uint32_t>(std::min(population.theta_rate, most));
    header.theta_error.value = static_cast<std::uint32_t>(std::min(population.theta_error, most));
    put_all(header_address(static_cast<int>(p)), header.encode());
    std::uint32_t slots = passes_of_every_tick;
    for (int s = 0; s < slot::count; ++s) {
      PassWords words;
      const PassPlaces places{
          tables.rate[p], tables.slope[p], image.first_unit[p],
          population.relayed < 0 ? 0 : image.first_unit[static_cast<std::size_t>(population.relayed)]};
      if (!pass_words(program, static_cast<int>(p), s, places, words)) continue;
      put_all(pass_address(static_cast<int>(p), s), words.pass.encode());
      // Nobody tells a population that what it copies has moved.
      if (random_level(words.pass) != 0 || words.pass.result.kind == kind::relay) slots |= 1u << s;
    }
    reg::Always always;
    always.population = static_cast<int>(p);
    always.slots = static_cast<int>(slots);
    image.registers.push_back({reg::always, always.encode()});
    if (p == 0) continue;
    const bool soma = population.compartment == Compartment::soma;
    const std::int64_t rest = soma ? program.rate_tables[p].lookup(0) : 0;
    const std::int64_t slope = soma ? program.slope_tables[p].lookup(0) : 0;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(population.units); ++i) {
      const std::uint32_t address = image.first_unit[p] + i;
      put(memory::rate, address, rest);
      put(memory::sent_rate, address, rest);
      put(memory::slope, address, slope);
      put(memory::rho, address, population.rho[i]);
      put(memory::alpha, address, population.alpha[i]);
    }
  }

  // Projections.
  for (std::size_t k = 0; k < program.projections.size(); ++k) {
    const Projection& p = program.projections[k];
    put_all(projection_address(core.pops, static_cast<int>(k)),
            projection_words(program, static_cast<int>(k), core.lanes, image).encode());
    image.eta_word.push_back(eta_address(core.pops, static_cast<int>(k)));
    image.registers.push_back({reg::link, link_word(program, static_cast<int>(k))});
    if (p.shares >= 0) continue;
    // Lanes read whole blocks: what pads them must be a number, though nobody uses the result.
    for (int row = 0; row < round_up(p.rows, core.lanes); ++row)
      for (int column = 0; column < round_up(p.columns, core.lanes); ++column) {
        const bool real = row < p.rows && column < p.columns;
        put(window::weights, weight_address(image, program, core.lanes, static_cast<int>(k), row, column),
            real ? p.image[static_cast<std::size_t>(row) * static_cast<std::size_t>(p.columns) +
                           static_cast<std::size_t>(column)]
                 : 0);
      }
  }

  const Listing code = listing(program);
  image.registers.push_back({reg::tick_operation, static_cast<std::uint32_t>(code.start)});
  std::uint32_t pc = 0;
  for (const Listed& one : code.operations)
    put(window::operations, pc++,
        one.decay ? update_word(one.operation.index, one.slots) : operation_word(program, one.operation));
  put(window::operations, pc, isa::Operation{isa::op::end}.encode());
  image.registers.push_back({reg::decay_length, static_cast<std::uint32_t>(program.decay.size())});
  image.registers.push_back({reg::seed, program.seed});
  // Hosts name a word only where it doesn't follow the last one.
  std::sort(image.memory.begin(), image.memory.end(), [](const CoreWrite& a, const CoreWrite& b) {
    return std::pair(a.select, a.address) < std::pair(b.select, b.address);
  });
  return image;
}

}  // namespace apical::sim
