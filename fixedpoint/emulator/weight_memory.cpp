// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/emulator/weight_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "fixedpoint/emulator/kernels.hpp"

namespace apical::fixedpoint {
namespace {

bool fits(const Format& f, int bits) {
  return f.bits + (f.is_signed ? 0 : 1) <= bits;
}

bool provable_in_16_bits(const Program& program, const Projection& p) {
  const bool clamps = p.weight.overflow == Overflow::sat || p.weight.overflow == Overflow::sat_sym;
  return clamps && fits(p.weight, 16) && fits(p.step, 16) &&
         fits(program.populations[static_cast<std::size_t>(p.source)][Signal::rate], 16) &&
         fits(learning_signal_format(program, p), 16) &&
         (p.accumulator_bits > 0 ||
          (p.learn_shift >= 0 && p.learn_shift <= finest_learn_shift && p.decay <= most_decay_shift));
}

template <class T>
T* zeros(std::size_t words) {
  void* const memory = std::aligned_alloc(64, (words * sizeof(T) + 63) / 64 * 64);
  if (memory == nullptr) throw std::bad_alloc();
  return std::fill_n(static_cast<T*>(memory), words, T{0}) - words;
}

}  // namespace

void WeightMemory::Free::operator()(void* p) const {
  std::free(p);
}

WeightMemory::WeightMemory(const Program& program, int projection) {
  const Projection& p = program.projections[static_cast<std::size_t>(projection)];
  stride_ = (p.rows + row_block - 1) / row_block * row_block;
  columns_ = p.columns;
  const std::size_t words = static_cast<std::size_t>(stride_) * static_cast<std::size_t>(p.columns);
  bool narrow = true;
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k)
    if (holder_of(program, k) == projection)
      narrow = narrow && provable_in_16_bits(program, program.projections[static_cast<std::size_t>(k)]);
  if (!narrow) {
    wide_.resize(words);
  } else {
    limit_ = static_cast<std::int32_t>(std::max(-p.weight.minimum_raw(), p.weight.maximum_raw()));
    magnitude_ = found_ = 1;
    if (fits(p.weight, 8))
      bytes_.reset(zeros<std::int8_t>(words));
    else
      words_.reset(zeros<std::int16_t>(words));
  }
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column)
      set(row, column,
          p.image[static_cast<std::size_t>(row) * static_cast<std::size_t>(p.columns) +
                  static_cast<std::size_t>(column)]);
}

void WeightMemory::set(int row, int column, std::int64_t raw) {
  const auto place = static_cast<std::size_t>(column * stride_ + row);
  if (!wide()) magnitude_ = found_ = std::max(magnitude_, static_cast<std::int32_t>(std::abs(raw)));
  if (wide())
    wide_[place] = raw;
  else if (bytes_)
    bytes_[place] = static_cast<std::int8_t>(raw);
  else
    words_[place] = static_cast<std::int16_t>(raw);
}

void WeightMemory::moved(std::int64_t change, const Kernels& kernels) {
  constexpr int least_between = 32;  // looking costs about a tenth of a LEARN
  ++looked_;
  grown_ += change;
  magnitude_ = static_cast<std::int32_t>(std::min<std::int64_t>(limit_, found_ + grown_));
  if (looked_ < least_between || grown_ < found_) return;
  visit([&](const auto* weights) {
    const std::ptrdiff_t count = stride_ * columns_;
    if constexpr (sizeof(*weights) == 1)
      found_ = kernels.bytes.largest(weights, count);
    else
      found_ = kernels.words.largest(weights, count);
  });
  magnitude_ = found_ = std::max(found_, 1);
  grown_ = looked_ = 0;
}

}  // namespace apical::fixedpoint
