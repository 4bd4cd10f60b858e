// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/numeric/activation_table.hpp"
#include "model/settings/settings_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <tuple>
#include <type_traits>

namespace apical::fixedpoint {
namespace {

using Real =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<50>, boost::multiprecision::et_off>;

constexpr std::array<const char*, 7> names = {"logistic", "tanh",   "hard_sigmoid", "softplus",
                                              "relu",     "linear", "silu"};

template <class Scalar>
Scalar logistic(const Scalar& x) {
  using std::exp;
  // exp of a negative argument only: no overflow, no cancellation.
  if (x >= 0) return 1 / (1 + exp(-x));
  const Scalar e = exp(x);
  return e / (1 + e);
}

template <class Scalar>
Scalar evaluate(Function function, Curve curve, const Scalar& x) {
  using std::exp;
  using std::log1p;
  using std::tanh;
  const bool derivative = curve == Curve::derivative;
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
    case Function::silu: {
      const Scalar r = logistic(x);
      return derivative ? r + x * r * logistic(Scalar(-x)) : x * r;
    }
    case Function::linear:
      return derivative ? Scalar(1) : x;
  }
  return Scalar(0);
}

// Slopes of piecewise-linear functions jump: a segment keeps the value at its start.
bool is_step(const AnyFunction& f, Curve curve) {
  return curve == Curve::derivative && f.samples == nullptr &&
         (f.function == Function::hard_sigmoid || f.function == Function::relu);
}

[[noreturn]] void refuse_width(const AnyFunction& function, const Format& in, const Format& out) {
  throw std::invalid_argument(fmt::format(
      "activation table of {}: from {} bits with frac {} to frac {} its exact result may need more than 62 "
      "bits; accepted: fewer bits or more frac of the input, less frac of the output, more tables.index_bits",
      name_of(function), in.bits, in.frac, out.frac));
}

// Ziv's strategy: long double decides unless its error bound reaches an integer, then 50 digits do.
// Every function here is a few operations of at most some ULP each, so 64 epsilon of max(1, |value|) bound
// it.
Scaled scaled(const AnyFunction& any, Curve curve, std::int64_t raw, const Format& in, int frac) {
  if (any.samples != nullptr) return scaled(*any.samples, curve, in.value(raw), frac);
  const Function function = any.function;
  const long double quick =
      evaluate<long double>(function, curve, std::ldexp(static_cast<long double>(raw), -in.frac));
  const long double bound =
      64 * std::numeric_limits<long double>::epsilon() * std::max(1.0L, std::abs(quick));
  const long double low = std::ldexp(quick - bound, frac);
  const long double high = std::ldexp(quick + bound, frac);
  if (std::abs(low) < 0x1p62L && std::abs(high) < 0x1p62L && std::floor(low) == std::floor(high) &&
      low != std::floor(low))
    return {static_cast<std::int64_t>(std::floor(low)), true};
  const Real value = ldexp(evaluate<Real>(function, curve, ldexp(Real(raw), -in.frac)), frac);
  const Real limit = Real(widest);
  if (value >= limit || value <= -limit) return {value < 0 ? -widest : widest, false};
  const Real below = floor(value);
  const std::int64_t whole = static_cast<std::int64_t>(below);
  if (value != below) return {whole, true};
  // No result of exp at a rational argument but 0 is rational, so what looks whole is closer to its asymptote
  // than 50 digits show: tanh, logistic and silu stay inside it, softplus and the slope of silu above.
  const bool rational = function == Function::relu || function == Function::linear ||
                        function == Function::hard_sigmoid || raw == 0 || value == 0;
  if (rational) return {whole, false};
  const bool lies_above = value < 0 || (function == Function::softplus && curve == Curve::value) ||
                          (function == Function::silu && curve == Curve::derivative);
  return {lies_above ? whole : whole - 1, true};
}

// Entry of a full table: the format's own rounding of the exact value.
std::int64_t entry(const AnyFunction& function, Curve curve, std::int64_t raw, const Format& in, Format out) {
  if (out.rounding == Rounding::stochastic) out.rounding = Rounding::rnd_conv;
  // Two bits show a tie; a sticky third keeps the side of it on which the exact value lies.
  constexpr int more = 2;
  const Scaled s = scaled(function, curve, raw, in, out.frac + more);
  constexpr std::int64_t limit = widest / 4;
  if (out.overflow == Overflow::wrap && std::abs(s.floor) >= limit) refuse_width(function, in, out);
  return quantise(2 * std::clamp(s.floor, -limit, limit) + s.has_rest, out.frac + more + 1, out).raw;
}

// value · 2^frac to the nearest integer, half up.
std::int64_t nearest(const AnyFunction& function, Curve curve, std::int64_t raw, const Format& in, int frac) {
  return (scaled(function, curve, raw, in, frac + 1).floor + 1) >> 1;
}

void fill_segments(ActivationTable& table, const AnyFunction& function, Curve curve) {
  const Format& out = table.out;
  const int frac = out.frac + ActivationTable::guard_bits;
  const std::int64_t segment = std::int64_t{1} << table.low_bits;
  const std::int64_t one = std::int64_t{1} << ActivationTable::guard_bits;
  // Where a whole segment lies an LSB or more beyond the range, every mode but WRAP takes it for that LSB.
  const bool clips = out.overflow != Overflow::wrap;
  const std::int64_t above = (out.maximum_raw() + 1) * one;
  const std::int64_t below = (out.minimum_raw() - 1) * one;
  std::int64_t raw = table.lowest();
  std::int64_t here = nearest(function, curve, raw, table.in, frac);
  for (std::int64_t n = std::int64_t{1} << (table.in.bits - table.low_bits); n > 0; --n) {
    raw += segment;
    const std::int64_t next = nearest(function, curve, raw, table.in, frac);
    std::int64_t base = here;
    std::int64_t delta = is_step(function, curve) ? 0 : next - here;
    if (clips && (std::min(here, next) >= above || std::max(here, next) <= below)) {
      base = here >= above ? above : below;
      delta = 0;
    }
    if (std::max(std::abs(base), std::abs(base + delta)) >= widest / segment)
      refuse_width(function, table.in, out);
    table.base.push_back(base);
    table.delta.push_back(delta);
    here = next;
  }
}

// value · 2^frac, to 2^-16 of what it is in LSB or to that of a double.
double closely(const AnyFunction& f, Curve curve, double x, int frac) {
  constexpr int more = 16;
  if (f.samples != nullptr)
    return std::ldexp(static_cast<double>(scaled(*f.samples, curve, x, frac + more).floor), -more);
  return std::ldexp(evaluate(f.function, curve, x), frac);
}

double measured_error(const ActivationTable& table, const AnyFunction& function, Curve curve) {
  Format out = table.out;
  out.rounding = out.rounding == Rounding::stochastic ? Rounding::rnd_conv : out.rounding;
  const double lowest = static_cast<double>(out.minimum_raw());
  const double highest = static_cast<double>(out.maximum_raw());
  double worst = 0.0;
  const auto look_at = [&](std::int64_t n) {
    const std::int64_t raw = table.lowest() + n;
    const double exact = closely(function, curve, table.in.value(raw), out.frac);
    if (exact < lowest || exact > highest) return;
    const std::int64_t got = quantise(table.exact(raw), table.exact_frac(), out).raw;
    worst = std::max(worst, std::abs(static_cast<double>(got) - exact));
  };
  const std::int64_t inputs = std::int64_t{1} << table.in.bits;
  const std::int64_t stride = std::max<std::int64_t>(1, inputs >> 16);
  for (std::int64_t i = 0; i < inputs / stride; ++i) look_at(i * stride + i % stride);
  if (stride > 1) {
    const std::int64_t segment = std::int64_t{1} << table.low_bits;
    for (std::int64_t n = 0; n < inputs; n += segment)
      for (const std::int64_t low : {std::int64_t{0}, segment / 2, segment - 1}) look_at(n + low);
  }
  return worst;
}

ActivationTable make_table(const AnyFunction& function, Curve curve, const Format& in, const Format& out,
                           int index_bits, int full_bits) {
  if (index_bits < 1 || index_bits > 16)
    throw SettingsError("tables.index_bits", fmt::format("{}", index_bits), "1..16");
  if (full_bits < 1 || full_bits > 16)
    throw SettingsError("tables.full_bits", fmt::format("{}", full_bits), "1..16");
  ActivationTable table;
  table.in = in;
  table.out = out;
  table.piecewise = in.bits > full_bits && in.bits > index_bits;
  table.low_bits = table.piecewise ? in.bits - index_bits : 0;
  if (table.piecewise) {
    fill_segments(table, function, curve);
  } else {
    for (std::int64_t n = 0; n < std::int64_t{1} << in.bits; ++n)
      table.base.push_back(entry(function, curve, table.lowest() + n, in, out));
  }
  table.max_error_lsb = measured_error(table, function, curve);
  return table;
}

}  // namespace

const char* name_of(Function function) {
  return names[static_cast<std::size_t>(function)];
}

std::string name_of(const AnyFunction& f) {
  return f.samples != nullptr ? f.samples->name : name_of(f.function);
}

bool operator<(const AnyFunction& a, const AnyFunction& b) {
  if (a.samples == nullptr || b.samples == nullptr)
    return std::make_pair(a.samples != nullptr, a.function) <
           std::make_pair(b.samples != nullptr, b.function);
  return a.samples != b.samples && a.samples->numbers() < b.samples->numbers();
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

ActivationTable build(const AnyFunction& function, Curve curve, const Format& in, const Format& out,
                      int index_bits, int full_bits) {
  const auto key = [](const Format& f) {
    return std::array<int, 5>{f.bits, f.frac, f.is_signed, static_cast<int>(f.rounding),
                              static_cast<int>(f.overflow)};
  };
  const auto wanted =
      std::make_tuple(function, curve, key(in), key(out), std::make_pair(index_bits, full_bits));
  // Looking at every input costs more than a short training: searches compile the same tables again and
  // again.
  constexpr std::size_t kept = 256;
  static std::mutex mutex;
  static std::map<std::remove_const_t<decltype(wanted)>, ActivationTable> tables;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = tables.find(wanted);
    if (found != tables.end()) return found->second;
  }
  ActivationTable table = make_table(function, curve, in, out, index_bits, full_bits);
  const std::lock_guard<std::mutex> lock(mutex);
  if (tables.size() >= kept) tables.clear();
  tables.emplace(wanted, table);
  return table;
}

}  // namespace apical::fixedpoint
