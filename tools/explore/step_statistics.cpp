// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/step_statistics.hpp"

#include <algorithm>
#include <cmath>

namespace apical::tools {

void StepStatistics::add(double magnitude, double share) {
  ++count_;
  if (!(magnitude > 0.0)) return;
  Octave& o = octaves_[static_cast<std::size_t>(std::clamp(std::ilogb(magnitude) + zero, 0, octaves - 1))];
  o.count += 1.0;
  o.sum += magnitude;
  o.squares += magnitude * magnitude;
  o.shared_sum += share * magnitude;
  o.shared_squares += share * magnitude * magnitude;
}

void StepStatistics::join(const StepStatistics& other) {
  count_ += other.count_;
  for (std::size_t i = 0; i < octaves_.size(); ++i) {
    octaves_[i].count += other.octaves_[i].count;
    octaves_[i].sum += other.octaves_[i].sum;
    octaves_[i].squares += other.octaves_[i].squares;
    octaves_[i].shared_sum += other.octaves_[i].shared_sum;
    octaves_[i].shared_squares += other.octaves_[i].shared_squares;
  }
}

double StepStatistics::mean() const {
  double sum = 0.0;
  for (const Octave& o : octaves_) sum += o.sum;
  return sum / std::max(1.0, static_cast<double>(count_));
}

template <class Of>
double StepStatistics::between(double log2_lsb, Of of) const {
  const int below = static_cast<int>(std::floor(log2_lsb));
  const double part = log2_lsb - below;
  return part == 0.0 ? of(below) : (1.0 - part) * of(below) + part * of(below + 1);
}

double StepStatistics::beyond(double log2_lsb) const {
  const auto at = [this](int exponent) {
    double all = 0.0, large = 0.0;
    for (int i = 0; i < octaves; ++i) {
      const double sum = octaves_[static_cast<std::size_t>(i)].sum;
      all += sum;
      if (i - zero >= exponent) large += sum;
    }
    return all > 0.0 ? large / all : 0.0;
  };
  return between(log2_lsb, at);
}

// A change of f LSB, f < 1, becomes 1 with probability f: f (1 - f) LSB². Of larger ones the fraction is as
// good as uniform, 1/6.
double StepStatistics::variance_at(int log2_lsb) const {
  const double lsb = std::ldexp(1.0, log2_lsb);
  double variance = 0.0;
  for (int i = 0; i < octaves; ++i) {
    const Octave& o = octaves_[static_cast<std::size_t>(i)];
    variance += i - zero < log2_lsb ? lsb * o.sum - o.squares : lsb * lsb / 6.0 * o.count;
  }
  return variance / std::max(1.0, static_cast<double>(count_));
}

double StepStatistics::stochastic_variance(double log2_lsb) const {
  return between(log2_lsb, [this](int exponent) { return variance_at(exponent); });
}

// Below half an LSB nothing is left, up to one it becomes one, beyond that what is lost and won cancels.
double StepStatistics::kept_at(int log2_lsb) const {
  const double lsb = std::ldexp(1.0, log2_lsb);
  double along = 0.0, whole = 0.0;
  for (int i = 0; i < octaves; ++i) {
    const Octave& o = octaves_[static_cast<std::size_t>(i)];
    whole += o.shared_squares;
    if (i - zero >= log2_lsb)
      along += o.shared_squares;
    else if (i - zero == log2_lsb - 1)
      along += lsb * o.shared_sum;
  }
  return whole > 0.0 ? along / whole : 1.0;
}

double StepStatistics::moved() const {
  double weights = 0.0;
  for (const Octave& o : octaves_) weights += o.shared_squares;
  return weights;
}

double StepStatistics::kept(double log2_lsb) const {
  return between(log2_lsb, [this](int exponent) { return kept_at(exponent); });
}

}  // namespace apical::tools
