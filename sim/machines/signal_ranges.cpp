// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/signal_ranges.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>

namespace apical::sim {
namespace {

constexpr std::uint64_t sampled_tick = 17;  // ranges are taken on every 17th tick

}  // namespace

void SignalRanges::watch(const char* signal, int last) {
  for (int k = 1; k <= last; ++k) {
    SignalStatistics s;
    s.signal = signal;
    s.layer = k;
    s.format = "double";
    s.minimum = std::numeric_limits<double>::infinity();
    s.maximum = -s.minimum;
    ranges_.push_back(std::move(s));
  }
}

void SignalRanges::sample(const Read& read) {
  if (ticks_++ % sampled_tick != 0) return;
  for (SignalStatistics& s : ranges_) {
    const Eigen::VectorXd& values = read(s.signal, s.layer);
    s.minimum = std::min(s.minimum, values.minCoeff());
    s.maximum = std::max(s.maximum, values.maxCoeff());
    s.count += static_cast<std::uint64_t>(values.size());
  }
}

std::vector<SignalStatistics> SignalRanges::of_layer(int layer) const {
  std::vector<SignalStatistics> all;
  for (const SignalStatistics& range : ranges_)
    if (range.layer == layer && range.count > 0) all.push_back(range);
  return all;
}

SignalStatistics weight_range(const char* name, int layer, const std::vector<double>& weights) {
  SignalStatistics s;
  s.signal = name;
  s.layer = layer;
  s.format = "double";
  s.minimum = *std::min_element(weights.begin(), weights.end());
  s.maximum = *std::max_element(weights.begin(), weights.end());
  s.count = weights.size();
  return s;
}

ValueDigest::ValueDigest() : state_(XXH3_createState()) {
  XXH3_128bits_reset(static_cast<XXH3_state_t*>(state_));
}

ValueDigest::~ValueDigest() {
  XXH3_freeState(static_cast<XXH3_state_t*>(state_));
}

void ValueDigest::add(const double* values, Eigen::Index count) {
  XXH3_128bits_update(static_cast<XXH3_state_t*>(state_), values,
                      static_cast<std::size_t>(count) * sizeof(double));
}

std::string ValueDigest::text() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(static_cast<XXH3_state_t*>(state_));
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace apical::sim
