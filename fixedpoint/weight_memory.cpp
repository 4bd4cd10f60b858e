#include "fixedpoint/weight_memory.hpp"

#include <cstdlib>
#include <new>

namespace apical::fixedpoint {
namespace {

constexpr std::ptrdiff_t line = 32;  // 16-bit words in 64 bytes

bool provable_in_16_bits(const Projection& p, const Population& source, const Population& target) {
  const bool clamps = p.weight.overflow == Overflow::sat || p.weight.overflow == Overflow::sat_sym;
  return clamps && fits_16_bits(p.weight) && fits_16_bits(p.step) && fits_16_bits(source[Signal::rate]) &&
         fits_16_bits(target[Signal::error]) && p.learn_shift >= 0 && p.learn_shift <= finest_learn_shift;
}

}  // namespace

void WeightMemory::Free::operator()(std::int16_t* p) const {
  std::free(p);
}

WeightMemory::WeightMemory(const Projection& p, const Population& source, const Population& target)
    : columns_(p.columns), stride_((p.columns + line - 1) / line * line) {
  if (provable_in_16_bits(p, source, target)) {
    const std::size_t words = static_cast<std::size_t>(stride_) * static_cast<std::size_t>(p.rows);
    narrow_.reset(static_cast<std::int16_t*>(std::aligned_alloc(64, words * sizeof(std::int16_t))));
    if (!narrow_) throw std::bad_alloc();
    std::fill_n(narrow_.get(), words, std::int16_t{0});
  } else {
    wide_.resize(p.image.size());
  }
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column)
      set(row, column,
          p.image[static_cast<std::size_t>(row) * static_cast<std::size_t>(p.columns) +
                  static_cast<std::size_t>(column)]);
}

void WeightMemory::set(int row, int column, std::int64_t raw) {
  if (narrow())
    narrow_[static_cast<std::size_t>(row * stride_ + column)] = static_cast<std::int16_t>(raw);
  else
    wide_row(row)[column] = raw;
}

}  // namespace apical::fixedpoint
