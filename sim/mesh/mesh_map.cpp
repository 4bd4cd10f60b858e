// SPDX-License-Identifier: Apache-2.0
#include "sim/mesh/mesh_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>
#include <tuple>

#include "model/settings/settings_error.hpp"
#include "sim/isa/core_limits.hpp"
#include "sim/mesh/mesh_memory.hpp"
#include "sim/mesh/mesh_network.hpp"

namespace apical::sim {

using fixedpoint::Population;
using fixedpoint::Program;
using fixedpoint::Projection;

namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

int divided(int whole, int parts) {
  return (whole + parts - 1) / parts;
}

constexpr double passes = 8.0;  // of UPDATE, over a tick
constexpr double clocks_of_a_pass = 15.0;
constexpr double clocks_of_a_link =
    10.0;  // of a chain: a few hops, to take a packet and to hand it on; measured

// The clocks of a tick when populations are cut into so many slices; more is worse.
double estimate(const Program& program, const std::vector<int>& counts, int cores, int lanes) {
  double clocks = 2.0 * static_cast<double>(hop_clocks) * 2.0 * std::sqrt(static_cast<double>(cores));
  for (std::size_t k = 1; k < counts.size(); ++k) {
    const Projection& p = program.projections[k - 1];
    const int rows = divided(p.rows, counts[k]), sources = divided(p.columns, counts[k - 1]);
    const double share = std::ceil(static_cast<double>(counts[k]) * counts[k - 1] / cores);
    const bool backward = k > 1;
    double work = sources * std::ceil(static_cast<double>(rows) / lanes);
    if (backward) work += rows * std::ceil(static_cast<double>(sources) / lanes);
    if (program.learning) work += rows * std::ceil(static_cast<double>(sources) / lanes);
    const double chains = clocks_of_a_link * (counts[k] + counts[k - 1]);
    const double talk = counts[k] * counts[k - 1] > 1 ? rows + sources + chains : 0.0;
    clocks += share * work + (backward ? 2.0 : 1.0) * talk;
    clocks += passes * (clocks_of_a_pass + rows) * std::ceil(static_cast<double>(counts[k]) / cores);
  }
  return clocks;
}

// How far such cuts are from what a core can hold; 0 where all fits.
double excess(const Program& program, const std::vector<int>& counts, int cores, const CoreBudget& budget) {
  double missing = 0.0, all = 0.0;
  const auto over = [&](double have, double limit) { missing += std::max(0.0, have / limit - 1.0); };
  const auto memory = static_cast<double>(budget.memory_bits);
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const int layer = static_cast<int>(k);
    const int units = divided(program.populations[k].units, counts[k]);
    const double slice = static_cast<double>(slice_bits(program, layer, units) + table_bits(program, layer));
    all += slice * counts[k];
    over(units, limit::units);
    if (k == 0) continue;
    const int sources = divided(program.populations[k - 1].units, counts[k - 1]);
    const double tile = static_cast<double>(tile_bits(program, layer - 1, units, sources));
    over(tile + slice, memory);
    over(sources, budget.fan_in);
    all += tile * counts[k] * counts[k - 1];
  }
  over(all, memory * cores);
  return missing;
}

std::vector<Slice> cut_evenly(int units, int count) {
  std::vector<Slice> slices(at(count));
  for (int s = 0; s < count; ++s) {
    const int first = static_cast<int>(std::int64_t{units} * s / count);
    slices[at(s)].units = {first, static_cast<int>(std::int64_t{units} * (s + 1) / count) - first};
  }
  return slices;
}

// From one slice each, and from many: whatever single change helps most, until none does.
std::vector<int> choose_counts(const Program& program, int cores, const CoreBudget& budget) {
  std::vector<int> candidates;
  for (int n = 1; n <= cores; n = std::max(n + 1, n + n / 4)) candidates.push_back(n);
  candidates.push_back(cores);
  const int side = std::max(1, static_cast<int>(std::lround(std::sqrt(static_cast<double>(cores)))));
  candidates.push_back(side);
  const auto cost = [&](const std::vector<int>& counts) {
    return excess(program, counts, cores, budget) * 1e15 + estimate(program, counts, cores, budget.lanes);
  };
  std::vector<int> best;
  for (const int start : {1, side}) {
    std::vector<int> counts;
    for (const Population& p : program.populations) counts.push_back(std::min(start, p.units));
    double now = cost(counts);
    for (bool better = true; better;) {
      better = false;
      std::vector<int> next = counts;
      for (std::size_t k = 0; k < counts.size(); ++k)
        for (const int n : candidates) {
          if (n > program.populations[k].units) continue;
          std::vector<int> tried = counts;
          tried[k] = n;
          const double value = cost(tried);
          if (value >= now) continue;
          now = value;
          next = tried;
          better = true;
        }
      counts = next;
    }
    if (best.empty() || cost(counts) < cost(best)) best = counts;
  }
  return best;
}

int distance(const Placement& p, int a, int b) {
  return std::abs(a % p.columns - b % p.columns) + std::abs(a / p.columns - b / p.columns);
}

// Exchanges what two cores hold as long as packets then travel less: pairs at random, always the same ones.
void bring_together(Placement& placement, int cores) {
  constexpr int tries_per_core = 200;
  struct Talk {
    int to;
    std::int64_t packets;
  };
  std::vector<std::vector<Talk>> talks(at(placement.cores()));
  const auto talk = [&](int a, int b, std::int64_t packets) {
    if (a == b) return;
    talks[at(a)].push_back({b, packets});
    talks[at(b)].push_back({a, packets});
  };
  for (std::size_t k = 0; k < placement.tiles.size(); ++k) {
    const auto& rows = placement.slices[k + 1];
    const auto& columns = placement.slices[k];
    const std::int64_t both_ways = k > 0 ? 2 : 1;
    for (std::size_t t = 0; t < placement.tiles[k].size(); ++t) {
      const std::size_t r = t / columns.size(), c = t % columns.size();
      const int core = placement.tiles[k][t];
      talk(core, c == 0 ? rows[r].core : placement.tiles[k][t - 1], both_ways * rows[r].units.count);
      talk(core, r == 0 ? columns[c].core : placement.tiles[k][t - columns.size()],
           both_ways * columns[c].units.count);
    }
  }
  std::vector<int> now(at(placement.cores()));  // where what was on a core is
  std::iota(now.begin(), now.end(), 0);
  std::mt19937_64 random(1);
  const auto cost = [&](int a, int b) {
    std::int64_t sum = 0;
    for (const int core : {a, b})
      for (const Talk& t : talks[at(core)])
        sum += t.packets * distance(placement, now[at(core)], now[at(t.to)]);
    return sum;
  };
  for (std::int64_t i = std::int64_t{cores} * tries_per_core; i > 0; --i) {
    const int a = static_cast<int>(random() % static_cast<std::uint64_t>(cores));
    const int b = static_cast<int>(random() % static_cast<std::uint64_t>(cores));
    const std::int64_t before = cost(a, b);
    std::swap(now[at(a)], now[at(b)]);
    if (cost(a, b) > before) std::swap(now[at(a)], now[at(b)]);
  }
  for (auto& slices : placement.slices)
    for (Slice& s : slices) s.core = now[at(s.core)];
  for (auto& tiles : placement.tiles)
    for (int& core : tiles) core = now[at(core)];
}

}  // namespace

Placement empty_mesh(int cores) {
  Placement p;
  p.columns = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(cores))));
  p.rows = divided(cores, p.columns);
  return p;
}

Placement place(const Program& program, int cores, const CoreBudget& budget) {
  for (const fixedpoint::Projection& p : program.projections) {
    if (p.accumulator_bits > 0)
      throw SettingsError("learning.accumulator_bits", fmt::format("{} on a mesh", p.accumulator_bits), "0");
    if (!p.forward && p.shares < 0)
      throw SettingsError("learning.rule", "\"feedback-alignment\" on a mesh", "another rule");
  }
  if (!is_chain(program))
    throw SettingsError(program.output + 1 == static_cast<int>(program.populations.size())
                            ? "network.connections"
                            : "network.circuit",
                        "a mesh runs layers one after another", "neither a graph nor a microcircuit");
  Placement placement = empty_mesh(cores);
  const std::vector<int> counts = choose_counts(program, cores, budget);
  const int layers = static_cast<int>(counts.size());
  for (int k = 0; k < layers; ++k)
    placement.slices.push_back(cut_evenly(program.populations[at(k)].units, counts[at(k)]));
  placement.tiles.resize(program.projections.size());
  // Large blocks first, each matrix on the cores with the least memory taken, in the order of the mesh: a row
  // of blocks, whose sums are added up, comes to lie on neighbours.
  std::vector<int> order(program.projections.size());
  std::iota(order.begin(), order.end(), 0);
  const auto block = [&](int k) {
    return tile_bits(program, k, placement.slices[at(k + 1)][0].units.count,
                     placement.slices[at(k)][0].units.count);
  };
  std::sort(order.begin(), order.end(), [&](int a, int b) { return block(a) > block(b); });
  std::vector<std::uint64_t> taken(at(cores), 0);
  for (const int k : order) {
    const int width = counts[at(k)], count = counts[at(k + 1)] * width;
    const int used = std::min(count, cores);
    std::vector<int> chosen(at(cores));
    std::iota(chosen.begin(), chosen.end(), 0);
    std::stable_sort(chosen.begin(), chosen.end(), [&](int a, int b) { return taken[at(a)] < taken[at(b)]; });
    chosen.resize(at(used));
    // Along the mesh as a snake, so that the end of a row of blocks is next to where the following one
    // begins.
    std::sort(chosen.begin(), chosen.end(), [&](int a, int b) {
      const int ya = a / placement.columns, yb = b / placement.columns;
      if (ya != yb) return ya < yb;
      return ya % 2 == 0 || width == placement.columns ? a < b : a > b;
    });
    for (int t = 0; t < count; ++t) {
      const int core = chosen[at(static_cast<int>(std::int64_t{t} * used / count))];
      placement.tiles[at(k)].push_back(core);
      taken[at(core)] += block(k);
    }
  }
  // Units live with one of the blocks that feed them (those of the input, that they feed): where memory is
  // left, the one nearest to a block of the other matrix.
  const auto row_of = [&](int k, int s) {
    const auto first = placement.tiles[at(k)].begin() + std::ptrdiff_t{s} * counts[at(k)];
    return std::vector<int>(first, first + counts[at(k)]);
  };
  const auto column_of = [&](int k, int s) {
    std::vector<int> tiles;
    tiles.reserve(at(counts[at(k + 1)]));
    for (int r = 0; r < counts[at(k + 1)]; ++r)
      tiles.push_back(placement.tiles[at(k)][at(r * counts[at(k)] + s)]);
    return tiles;
  };
  for (int k = 0; k < layers; ++k)
    for (int s = 0; s < counts[at(k)]; ++s) {
      Slice& slice = placement.slices[at(k)][at(s)];
      const std::uint64_t needs = slice_bits(program, k, slice.units.count) + table_bits(program, k);
      const std::vector<int> hosts = k == 0 ? column_of(0, s) : row_of(k - 1, s);
      const std::vector<int> others = k == 0 || k + 1 == layers ? hosts : column_of(k, s);
      const auto badness = [&](int core) {
        int nearest = placement.cores();
        for (const int other : others) nearest = std::min(nearest, distance(placement, core, other));
        const std::uint64_t memory = taken[at(core)] + needs;
        return std::tuple(memory > budget.memory_bits, nearest, memory);
      };
      slice.core = *std::min_element(hosts.begin(), hosts.end(),
                                     [&](int a, int b) { return badness(a) < badness(b); });
      taken[at(slice.core)] += needs;
    }
  const std::vector<std::uint64_t> memory = memory_of(program, placement);
  const std::uint64_t most = *std::max_element(memory.begin(), memory.end());
  if (most > budget.memory_bits)
    throw std::invalid_argument(fmt::format(
        "memory per core: {} cores of {:.1f} KiB are too few, the fullest one would need {:.1f} KiB", cores,
        static_cast<double>(budget.memory_bits) / 8192.0, static_cast<double>(most) / 8192.0));
  for (int k = 0; k < layers; ++k)
    for (const Slice& s : placement.slices[at(k)])
      if (s.units.count > limit::units)
        throw CoreLimitError("network.layers",
                             fmt::format("{} units of layer {} on one core", s.units.count, k),
                             fmt::format("at most {}, so take more cores", limit::units));
  for (int k = 0; k + 1 < layers; ++k)
    for (const Slice& s : placement.slices[at(k)])
      if (s.units.count > budget.fan_in)
        throw std::invalid_argument(
            fmt::format("fan-in per core: {} sources of W{} on one core; accepted: at most {}", s.units.count,
                        k + 1, budget.fan_in));
  bring_together(placement, cores);
  return placement;
}

Placement random_placement(const Program& program, int cores, std::mt19937_64& random) {
  Placement placement = empty_mesh(cores);
  const auto below = [&](int limit) {
    return static_cast<int>(random() % static_cast<std::uint64_t>(limit));
  };
  for (const Population& p : program.populations) {
    std::set<int> cuts{0, p.units};
    for (int i = below(std::min(p.units, 6)); i > 0; --i) cuts.insert(below(p.units));
    std::vector<Slice> slices;
    for (auto cut = cuts.begin(); std::next(cut) != cuts.end(); ++cut)
      slices.push_back({{*cut, *std::next(cut) - *cut}, below(cores)});
    placement.slices.push_back(slices);
  }
  for (std::size_t k = 0; k < program.projections.size(); ++k) {
    placement.tiles.emplace_back(placement.slices[k].size() * placement.slices[k + 1].size());
    for (int& core : placement.tiles.back()) core = below(cores);
  }
  return placement;
}

}  // namespace apical::sim
