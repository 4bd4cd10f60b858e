#include "fixedpoint/activation_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <stdexcept>

#include "fixedpoint/signal_statistics.hpp"

namespace apical::fixedpoint {
namespace {

using Real =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<50>, boost::multiprecision::et_off>;

constexpr std::array<const char*, 6> names = {"logistic", "tanh", "hard_sigmoid",
                                              "softplus", "relu", "linear"};

template <class Scalar>
Scalar logistic(const Scalar& x) {
  using std::exp;
  // exp of a negative argument only: no overflow, no cancellation.
  if (x >= 0) return 1 / (1 + exp(-x));
  const Scalar e = exp(x);
  return e / (1 + e);
}

template <class Scalar>
Scalar evaluate(Function function, bool derivative, const Scalar& x) {
  using std::exp;
  using std::log1p;
  using std::tanh;
  switch (function) {
    case Function::logistic: {
      const Scalar r = logistic(x);
      return derivative ? r * logistic(Scalar(-x)) : r;
    }
    case Function::tanh: {
      const Scalar r = tanh(x);
      return derivative ? (1 - r) * (1 + r) : r;
    }
    case Function::hard_sigmoid:
      if (derivative) return x >= 0 && x < 1 ? Scalar(1) : Scalar(0);
      return x < 0 ? Scalar(0) : x > 1 ? Scalar(1) : x;
    case Function::softplus:
      if (derivative) return logistic(x);
      return x > 0 ? Scalar(x + log1p(exp(-x))) : Scalar(log1p(exp(x)));
    case Function::relu:
      if (derivative) return x >= 0 ? Scalar(1) : Scalar(0);
      return x > 0 ? x : Scalar(0);
    case Function::linear:
      return derivative ? Scalar(1) : x;
  }
  return Scalar(0);
}

// Slopes of piecewise-linear functions jump: a segment keeps the value at its start.
bool is_step(Function function, bool derivative) {
  return derivative && (function == Function::hard_sigmoid || function == Function::relu);
}

std::int64_t nearest(const Real& value) {
  return static_cast<std::int64_t>(floor(value + Real(0.5)));
}

// Entry of a full table: the format's own rounding of the exact value, given with 40 more bits than it keeps.
std::int64_t entry(const Real& value, Format out) {
  if (out.rounding == Rounding::stochastic) out.rounding = Rounding::rnd_conv;
  constexpr int more = 20;
  const Real scaled = ldexp(value, out.frac + more);
  const Real limit = ldexp(Real(1), 60);
  const Real bounded = scaled > limit ? limit : scaled < -limit ? Real(-limit) : scaled;
  // A sticky last bit keeps the side of a tie on which the exact value lies.
  const Real floor_value = floor(bounded);
  const std::int64_t sticky = bounded != floor_value;
  return quantise(2 * static_cast<std::int64_t>(floor_value) + sticky, out.frac + more + 1, out).raw;
}

double measured_error(const ActivationTable& table, Function function, bool derivative) {
  Format out = table.out;
  out.rounding = out.rounding == Rounding::stochastic ? Rounding::rnd_conv : out.rounding;
  const std::int64_t inputs = std::int64_t{1} << table.in.bits;
  const std::int64_t stride = std::max<std::int64_t>(1, inputs >> 16);
  double worst = 0.0;
  for (std::int64_t n = 0; n < inputs; n += stride) {
    // An odd offset within the stride visits ends and insides of segments alike.
    const std::int64_t raw =
        table.lowest() + std::min(inputs - 1, n + (stride > 1 ? (n / stride) % stride : 0));
    const double exact = std::ldexp(evaluate(function, derivative, table.in.value(raw)), out.frac);
    const double lowest = static_cast<double>(out.minimum_raw());
    const double highest = static_cast<double>(out.maximum_raw());
    if (exact < lowest || exact > highest) continue;
    const std::int64_t got = quantise(table.exact(raw), table.exact_frac(), out).raw;
    worst = std::max(worst, std::abs(static_cast<double>(got) - exact));
  }
  return worst;
}

}  // namespace

const char* name_of(Function function) {
  return names[static_cast<std::size_t>(function)];
}

Function parse_function(std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end())
    throw std::invalid_argument(fmt::format("activation \"{}\"; accepted: {}", text, fmt::join(names, ", ")));
  return static_cast<Function>(found - names.begin());
}

int ActivationTable::word_bits() const {
  int widest_base = 1;
  int widest_delta = 0;
  for (const std::int64_t raw : base) widest_base = std::max(widest_base, used_bits(raw));
  for (const std::int64_t raw : delta) widest_delta = std::max(widest_delta, used_bits(raw));
  return piecewise ? widest_base + widest_delta : out.bits;
}

ActivationTable build(Function function, bool derivative, const Format& in, const Format& out, int index_bits,
                      int full_bits) {
  if (index_bits < 1 || index_bits > 16)
    throw std::invalid_argument(fmt::format("tables.index_bits: {}; accepted: 1..16", index_bits));
  if (full_bits < 1 || full_bits > 16)
    throw std::invalid_argument(fmt::format("tables.full_bits: {}; accepted: 1..16", full_bits));
  ActivationTable table;
  table.in = in;
  table.out = out;
  table.piecewise = in.bits > full_bits && in.bits > index_bits;
  table.low_bits = table.piecewise ? in.bits - index_bits : 0;
  const std::int64_t nodes = std::int64_t{1} << (in.bits - table.low_bits);
  const auto exact_at = [&](std::int64_t node) {
    const Real raw = Real(table.lowest()) + ldexp(Real(node), table.low_bits);
    return evaluate<Real>(function, derivative, ldexp(raw, -in.frac));
  };
  if (!table.piecewise) {
    for (std::int64_t node = 0; node < nodes; ++node) table.base.push_back(entry(exact_at(node), out));
  } else {
    const int frac = out.frac + ActivationTable::guard_bits;
    std::int64_t here = nearest(ldexp(exact_at(0), frac));
    for (std::int64_t node = 0; node < nodes; ++node) {
      const std::int64_t next = nearest(ldexp(exact_at(node + 1), frac));
      table.base.push_back(here);
      table.delta.push_back(is_step(function, derivative) ? 0 : next - here);
      here = next;
    }
  }
  table.max_error_lsb = measured_error(table, function, derivative);
  return table;
}

}  // namespace apical::fixedpoint
