// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fixedpoint/program/watcher.hpp"

namespace apical::fixedpoint {

/// Where an exact value may lie that a quantiser has to get right: at or beyond either limit, or a tie
/// (exactly between two results), whose way depends on its sign and on whether the result below is odd.
enum class Corner { low, high, tie_even, tie_odd, negative_tie_even, negative_tie_odd };
inline constexpr std::size_t corner_count = 6;
constexpr std::size_t index_of(Corner corner) {
  return static_cast<std::size_t>(corner);
}
const char* name_of(Corner);  ///< "low limit", ...

/// How far a rate or an error lies from what was sent last: nothing is sent of one below theta or at it.
enum class Distance { below, at, above };
inline constexpr std::size_t distance_count = 3;
const char* name_of(Distance);  ///< "below", ...

/// Why no value is at a corner; "" where one may be.
using CornerReasons = std::array<std::string, corner_count>;

/// What each quantiser of a program met: exact values other than 0 (of a weight: of its changes), and
/// corners; and of rates and errors, how far they were from what was sent. Limits count in every format, ties
/// only where a mode that rounds to nearest rounds anything.
class Coverage final : public Watcher {
 public:
  using Counts = std::array<std::uint64_t, corner_count>;

  /// The exact value x · 2^-frac, which became `result` of `format`.
  void see(Signal, int layer, std::int64_t x, int frac, const Format& format, std::int64_t result);
  /// LEARN: the change x · 2^-frac of a weight that became `after` unless the format's limits prevent it.
  void see_change(int layer, std::int64_t x, int frac, const Format& weight, std::int64_t after);

  void quantised(const QuantisedRun&) override;
  void changes(const WeightChange&) override;
  void compared(const SentRun&) override;

  /// By signal and layer.
  const std::map<std::pair<Signal, int>, Counts>& counts() const { return counts_; }
  /// Of rates and errors, by signal and layer: how often each distance from what was sent was met.
  using Distances = std::array<std::uint64_t, distance_count>;
  const std::map<std::pair<Signal, int>, Distances>& distances() const { return distances_; }
  /// How many exact values were not 0; one that isn't there had none.
  std::uint64_t values(Signal signal, int layer) const {
    const auto found = values_.find({signal, layer});
    return found == values_.end() ? 0 : found->second;
  }

 private:
  static void add_tie(Counts&, std::int64_t x, int shift);
  std::map<std::pair<Signal, int>, Counts> counts_;
  std::map<std::pair<Signal, int>, std::uint64_t> values_;
  std::map<std::pair<Signal, int>, Distances> distances_;
};

/// Whether ties decide anything there: the mode rounds to nearest.
bool has_ties(Rounding);

}  // namespace apical::fixedpoint
