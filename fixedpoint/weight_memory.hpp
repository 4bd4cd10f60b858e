#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "fixedpoint/kernels.hpp"
#include "fixedpoint/program.hpp"

namespace apical::fixedpoint {

/// The weights of one projection, in 16 bits where the kernels can prove their arithmetic there, else in 64.
class WeightMemory {
 public:
  /// `source` and `target` give the formats of what the weights meet.
  WeightMemory(const Projection&, const Population& source, const Population& target);

  bool narrow() const { return narrow_ != nullptr; }
  std::ptrdiff_t stride() const { return stride_; }
  NarrowMatrix matrix() const { return {narrow_.get(), stride_, columns_}; }
  std::int16_t* narrow_row(int row) { return narrow_.get() + row * stride_; }
  std::int64_t* wide_row(int row) { return wide_.data() + static_cast<std::ptrdiff_t>(row) * columns_; }
  std::int64_t at(int row, int column) const {
    return narrow() ? narrow_[static_cast<std::size_t>(row * stride_ + column)]
                    : wide_[static_cast<std::size_t>(static_cast<std::ptrdiff_t>(row) * columns_ + column)];
  }
  void set(int row, int column, std::int64_t raw);

 private:
  struct Free {
    void operator()(std::int16_t* p) const;
  };
  std::ptrdiff_t columns_;
  std::ptrdiff_t stride_;  ///< columns rounded up to whole 64-byte lines of 16-bit words
  std::unique_ptr<std::int16_t[], Free> narrow_;
  std::vector<std::int64_t> wide_;
};

/// True when every value of the format is a 16-bit two's-complement number.
inline bool fits_16_bits(const Format& f) {
  return f.bits + (f.is_signed ? 0 : 1) <= 16;
}

}  // namespace apical::fixedpoint
