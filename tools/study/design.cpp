// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "model/elementary.hpp"
#include "tools/report/numbers.hpp"
#include "tools/study/study.hpp"

namespace apical::tools {
namespace {

// The distributions of <random> differ between libraries; its generators don't.
double uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

std::vector<int> shuffled(int count, std::mt19937_64& random) {
  std::vector<int> order(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(uniform(random) * static_cast<double>(i))]);
  return order;
}

// The value at `share` 0..1 of an axis.
AxisValue value_at(const Axis& axis, double share) {
  if (!axis.values.empty())
    return axis.values[static_cast<std::size_t>(share * static_cast<double>(axis.values.size()))];
  // Whole numbers own equal parts, so the ends reach half a step beyond.
  const double half = axis.whole ? 0.5 : 0.0, low = axis.low - half, high = axis.high + half;
  double x = low + share * (high - low);
  if (axis.logarithmic) x = low * model::pow(high / low, share);
  if (axis.whole) x = std::clamp(std::round(x), axis.low, axis.high);
  AxisValue value;
  value.number = x;
  value.label = axis.whole ? fmt::format("{:.0f}", x) : fmt::format("{:.6g}", x);
  // What is set is what the label says: six digits are finer than any design.
  value.number = *parse_number<double>(value.label);
  value.set.push_back({fmt::format("{}={}", axis.keys.front(), value.label), axis.where});
  return value;
}

std::vector<std::vector<AxisValue>> grid(const Design& design) {
  std::vector<std::vector<AxisValue>> all{{}};
  for (const Axis& axis : design.axes) {
    std::vector<std::vector<AxisValue>> longer;
    for (const auto& at : all)
      for (const AxisValue& value : axis.values) {
        longer.push_back(at);
        longer.back().push_back(value);
      }
    all = std::move(longer);
  }
  return all;
}

}  // namespace

std::vector<std::vector<AxisValue>> positions(const Design& design) {
  if (design.kind == "grid") return grid(design);
  std::mt19937_64 random(design.seed);
  const auto count = static_cast<std::size_t>(design.count);
  std::vector<std::vector<AxisValue>> all(count);
  for (const Axis& axis : design.axes) {
    const std::vector<int> part = shuffled(design.count, random);
    for (std::size_t i = 0; i < count; ++i) {
      const double share = design.kind == "random"
                               ? uniform(random)
                               : (part[i] + uniform(random)) / static_cast<double>(design.count);
      all[i].push_back(value_at(axis, std::min(share, std::nextafter(1.0, 0.0))));
    }
  }
  return all;
}

}  // namespace apical::tools
