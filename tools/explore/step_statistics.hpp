// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>

namespace apical::tools {

/// How large the changes Δ = η dt err r are that LEARN is asked for: their magnitudes by octaves, which say
/// for every LSB what a rounding makes of them. Numbers (68) to (74) are those of model/README.md.
class StepStatistics {
 public:
  /// A change of a weight, of which `share` is 1 over the sum of squares of all its changes.
  void add(double magnitude, double share);
  void join(const StepStatistics&);

  std::uint64_t count() const { return count_; }
  double mean() const;  ///< E|Δ|, zeros among them
  /// Of the sum of |Δ|, what comes from changes of an LSB and more, for which (69) doesn't hold.
  double beyond(double log2_lsb) const;
  /// Variance that stochastic rounding adds to a change (68), mean over all; of an LSB of 2^log2_lsb, between
  /// whole octaves by interpolation of logarithms, as are the following.
  double stochastic_variance(double log2_lsb) const;
  /// What rounding to nearest leaves of the changes of a weight along what was asked for, E[Δ round(Δ)] /
  /// E[Δ²] (71), mean over the weights that were asked for any; 1 where none was.
  double kept(double log2_lsb) const;
  double moved() const;  ///< weights that were asked for changes

 private:
  static constexpr int octaves = 128, zero = 96;  ///< octave `zero` + n has 2^n <= |Δ| < 2^(n+1)
  struct Octave {
    double count = 0.0, sum = 0.0, squares = 0.0;
    double shared_sum = 0.0, shared_squares = 0.0;  ///< times the share
  };
  template <class Of>
  double between(double log2_lsb, Of of) const;
  double variance_at(int log2_lsb) const;
  double kept_at(int log2_lsb) const;

  std::array<Octave, octaves> octaves_{};
  std::uint64_t count_ = 0;
};

}  // namespace apical::tools
