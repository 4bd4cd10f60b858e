// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/program/coverage.hpp"

#include <algorithm>
#include <cstdlib>

namespace apical::fixedpoint {
namespace {

std::uint64_t& at(Coverage::Counts& counts, Corner corner) {
  return counts[index_of(corner)];
}

}  // namespace

const char* name_of(Corner corner) {
  static constexpr const char* names[corner_count] = {"low limit", "high limit",         "tie, even",
                                                      "tie, odd",  "negative tie, even", "negative tie, odd"};
  return names[index_of(corner)];
}

const char* name_of(Distance distance) {
  static constexpr const char* names[distance_count] = {"below", "at", "above"};
  return names[static_cast<std::size_t>(distance)];
}

bool has_ties(Rounding mode) {
  return mode != Rounding::trn && mode != Rounding::trn_zero && mode != Rounding::stochastic;
}

void Coverage::add_tie(Counts& counts, std::int64_t x, int shift) {
  if (shift <= 0 || shift > 62) return;  // nothing is rounded, or only a sign is left
  const std::int64_t half = std::int64_t{1} << (shift - 1);
  if ((x & (2 * half - 1)) != half) return;
  const bool odd = ((x >> shift) & 1) != 0;
  ++at(counts, x < 0 ? (odd ? Corner::negative_tie_odd : Corner::negative_tie_even)
                     : (odd ? Corner::tie_odd : Corner::tie_even));
}

void Coverage::see(Signal signal, int layer, std::int64_t x, int frac, const Format& format,
                   std::int64_t result) {
  Counts& counts = counts_[{signal, layer}];
  values_[{signal, layer}] += x != 0;
  const int shift = frac - format.frac;
  if (has_ties(format.rounding)) add_tie(counts, x, shift);
  // A mode that doesn't saturate makes something else of what lies beyond.
  const auto floor = shift >= 0 ? __int128{x >> std::min(shift, 63)} : __int128{x} << std::min(-shift, 63);
  if (result == format.minimum_raw() || floor < format.minimum_raw()) ++at(counts, Corner::low);
  if (result == format.maximum_raw() || floor > format.maximum_raw()) ++at(counts, Corner::high);
}

void Coverage::quantised(const QuantisedRun& run) {
  for (std::ptrdiff_t i = 0; i < run.count; ++i)
    see(run.signal, run.layer, run.exact[i], run.frac, run.format, run.values[i]);
}

void Coverage::changes(const WeightChange& c) {
  see_change(c.layer, c.exact, c.frac, c.format, c.before + c.change);
}

void Coverage::compared(const SentRun& run) {
  Distances& counts = distances_[{run.signal, run.layer}];
  for (std::ptrdiff_t i = 0; i < run.count; ++i) {
    const std::int64_t size = std::abs(run.values[i] - run.sent[i]);
    const Distance met = size < run.theta    ? Distance::below
                         : size == run.theta ? Distance::at
                                             : Distance::above;
    ++counts[static_cast<std::size_t>(met)];
  }
}

void Coverage::see_change(int layer, std::int64_t x, int frac, const Format& weight, std::int64_t after) {
  Counts& counts = counts_[{Signal::weight, layer}];
  values_[{Signal::weight, layer}] += x != 0;
  if (has_ties(weight.rounding)) add_tie(counts, x, frac - weight.frac);
  if (after <= weight.minimum_raw()) ++at(counts, Corner::low);
  if (after >= weight.maximum_raw()) ++at(counts, Corner::high);
}

}  // namespace apical::fixedpoint
