// SPDX-License-Identifier: Apache-2.0
// Formats and the quantiser: numbers on their own, without an emulator.
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <limits>

#include "fixedpoint/numeric/counter_random.hpp"
#include "fixedpoint/numeric/load.hpp"
#include "fixedpoint/numeric/quantise.hpp"
#include "tools/c/handle.hpp"
#include "tools/config/formats.hpp"
#include "tools/report/messages.hpp"

namespace apical::c {
namespace {

using fixedpoint::Format;
using fixedpoint::Quantised;
using tools::InputError;

constexpr int widest = 62;
constexpr int farthest_point = 4096;  // of a binary point: beyond those of all doubles

static_assert(APICAL_STOCHASTIC == static_cast<int>(fixedpoint::Rounding::stochastic));
static_assert(APICAL_WRAP == static_cast<int>(fixedpoint::Overflow::wrap));

void whole(std::int64_t value, std::int64_t low, std::int64_t high, const char* what) {
  if (value < low || value > high)
    throw InputError(fmt::format("{}: {}; accepted: a whole number, {}..{}", what, value, low, high));
}

void check_integer(std::int64_t x) {
  constexpr std::int64_t limit = std::int64_t{1} << 62;
  if (x <= -limit || x >= limit)
    throw InputError(fmt::format("x: {}; accepted: an integer of magnitude below 2^62", x));
}

void check_real(double x) {
  if (!std::isfinite(x)) throw InputError(fmt::format("x: {}; accepted: a finite number", x));
}

void check_point(std::int32_t frac) {
  whole(frac, -farthest_point, farthest_point, "x_frac");
}

void check_counter(const apical_counter& c, std::size_t count) {
  whole(c.stream, 0, (1 << 12) - 1, "counter.stream");
  whole(c.row, 0, (1 << 20) - 1, "counter.row");
  if (count > std::numeric_limits<std::uint32_t>::max() - std::uint64_t{c.column} + 1)
    throw InputError(fmt::format("counter.column: {} and {} values from it on; accepted: columns below 2^32",
                                 c.column, count));
}

std::uint32_t key_of(const apical_counter& c) {
  return fixedpoint::row_key(c.seed, c.tick, c.stream, c.row);
}

void check_sources(const Format& format, const std::uint16_t* random16, const apical_counter* counter,
                   std::size_t count) {
  if (random16 != nullptr && counter != nullptr)
    throw InputError("random16: beside a counter; accepted: one of the two");
  if (format.rounding == fixedpoint::Rounding::stochastic && random16 == nullptr && counter == nullptr)
    throw InputError("random16: null and no counter; accepted: one of the two where rounding is STOCHASTIC");
  if (counter != nullptr) check_counter(*counter, count);
}

// All numbers are looked at before the first one is written, so that a refused call changes nothing.
template <class Number, class Check, class Quantise>
void quantise_all(const Number* x, std::size_t count, const Format& format, const std::uint16_t* random16,
                  const apical_counter* counter, std::int64_t* raw, std::uint8_t* limited, const Check& check,
                  const Quantise& quantise) {
  check_sources(format, random16, counter, count);
  if (count == 0) return;
  there(x, "x");
  there(raw, "raw");
  for (std::size_t i = 0; i < count; ++i) check(x[i]);
  const std::uint32_t key = counter == nullptr ? 0 : key_of(*counter);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t random =
        random16 != nullptr  ? random16[i]
        : counter != nullptr ? fixedpoint::random16(key, counter->column + static_cast<std::uint32_t>(i))
                             : 0;
    const Quantised q = quantise(x[i], random);
    raw[i] = q.raw;
    if (limited != nullptr) limited[i] = q.saturated ? 1 : 0;
  }
}

void give(const Quantised& q, std::int64_t* raw, std::int32_t* limited) {
  *raw = q.raw;
  if (limited != nullptr) *limited = q.saturated ? 1 : 0;
}

}  // namespace

Format checked(const apical_format* format) {
  there(format, "format");
  whole(format->is_signed, 0, 1, "format.is_signed");
  whole(format->rounding, 0, APICAL_STOCHASTIC, "format.rounding");
  whole(format->overflow, 0, APICAL_WRAP, "format.overflow");
  Format f;
  f.bits = format->bits;
  f.frac = format->frac;
  f.is_signed = format->is_signed != 0;
  f.rounding = static_cast<fixedpoint::Rounding>(format->rounding);
  f.overflow = static_cast<fixedpoint::Overflow>(format->overflow);
  f.random_bits = format->random_bits;
  fixedpoint::check(f, widest, "format");
  return f;
}

apical_format in_c(const Format& f) {
  return {f.bits,
          f.frac,
          f.is_signed ? 1 : 0,
          static_cast<std::int32_t>(f.rounding),
          static_cast<std::int32_t>(f.overflow),
          f.random_bits};
}

}  // namespace apical::c

using namespace apical;
using namespace apical::c;

apical_status apical_format_parse(const char* text, apical_format* format) {
  return call([&] {
    there(text, "text");
    there(format, "format");
    *format = in_c(tools::parse_format(text, "format"));
  });
}

apical_status apical_quantise(int64_t x, int32_t x_frac, const apical_format* format, uint32_t random16,
                              int64_t* raw, int32_t* limited) {
  return call([&] {
    const Format f = checked(format);
    check_integer(x);
    check_point(x_frac);
    whole(random16, 0, 65535, "random16");
    there(raw, "raw");
    give(fixedpoint::quantise(x, x_frac, f, random16), raw, limited);
  });
}

apical_status apical_quantise_real(double x, const apical_format* format, uint32_t random16, int64_t* raw,
                                   int32_t* limited) {
  return call([&] {
    const Format f = checked(format);
    check_real(x);
    whole(random16, 0, 65535, "random16");
    there(raw, "raw");
    give(fixedpoint::quantise_real(x, f, random16), raw, limited);
  });
}

apical_status apical_quantise_array(const int64_t* x, size_t count, int32_t x_frac,
                                    const apical_format* format, const uint16_t* random16,
                                    const apical_counter* counter, int64_t* raw, uint8_t* limited) {
  return call([&] {
    const Format f = checked(format);
    check_point(x_frac);
    quantise_all(x, count, f, random16, counter, raw, limited, check_integer,
                 [&](std::int64_t value, std::uint32_t random) {
                   return fixedpoint::quantise(value, x_frac, f, random);
                 });
  });
}

apical_status apical_quantise_reals(const double* x, size_t count, const apical_format* format,
                                    const uint16_t* random16, const apical_counter* counter, int64_t* raw,
                                    uint8_t* limited) {
  return call([&] {
    const Format f = checked(format);
    quantise_all(
        x, count, f, random16, counter, raw, limited, check_real,
        [&](double value, std::uint32_t random) { return fixedpoint::quantise_real(value, f, random); });
  });
}

apical_status apical_random(const apical_counter* counter, size_t count, uint16_t* random16) {
  return call([&] {
    there(counter, "counter");
    check_counter(*counter, count);
    if (count > 0) there(random16, "random16");
    const std::uint32_t key = key_of(*counter);
    for (std::size_t i = 0; i < count; ++i)
      random16[i] = fixedpoint::random16(key, counter->column + static_cast<std::uint32_t>(i));
  });
}
