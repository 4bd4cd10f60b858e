// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/clipping.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace apical::sim {

using fixedpoint::Format;
using fixedpoint::SignalCounter;

namespace {

std::string in_words(const Format& f) {
  return fmt::format("{} bits, frac {}, {}, {}, {}", f.bits, f.frac, f.is_signed ? "signed" : "unsigned",
                     fixedpoint::name_of(f.rounding), fixedpoint::name_of(f.overflow));
}

}  // namespace

SignalStatistics in_units(const std::string& signal, int layer, const Format& format,
                          const SignalCounter& counter) {
  SignalStatistics s;
  s.signal = signal;
  s.layer = layer;
  s.format = in_words(format);
  s.resolution = format.lsb();
  s.count = counter.count;
  s.saturated = counter.saturated;
  s.rounded_to_zero = counter.rounded_to_zero;
  s.minimum = counter.minimum > counter.maximum ? 0.0 : format.value(counter.minimum);
  s.maximum = counter.minimum > counter.maximum ? 0.0 : format.value(counter.maximum);
  s.used_bits.assign(counter.bits.begin(), counter.bits.begin() + std::min(format.bits + 2, 65));
  return s;
}

std::string clipping_in_words(const std::vector<SignalStatistics>& signals) {
  std::string text;
  for (const SignalStatistics& s : signals)
    if (s.clipped() > most_clipped)
      text += fmt::format("{}{} of {} is clipped in {:.1f}% of its values", text.empty() ? "" : "; ",
                          s.signal, s.population.empty() ? fmt::format("layer {}", s.layer) : s.population,
                          100.0 * s.clipped());
  return text;
}

}  // namespace apical::sim
