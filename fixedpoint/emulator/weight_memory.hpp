// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "fixedpoint/emulator/kernels.hpp"
#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// The weights of one projection, source-major: what a source sends to is contiguous, padded with zeros to
/// whole blocks of rows. In 8 or 16 bits where the kernels can prove their arithmetic there, else in 64.
class WeightMemory {
 public:
  /// Of a projection that holds weights (holder_of); the formats of all that meets them decide how wide.
  WeightMemory(const Program&, int projection);

  bool wide() const { return !wide_.empty(); }
  int word_bits() const { return wide() ? 64 : bytes_ ? 8 : 16; }  ///< as the emulator stores them
  std::ptrdiff_t stride() const { return stride_; }                ///< from column to column
  /// Bounds |raw| when not wide: what was found last, raised by what may have been added since.
  std::int32_t magnitude() const { return magnitude_; }
  /// No weight has moved by more than `change`. Looks at all of them when the bound has become far too loose.
  void moved(std::int64_t change, const Kernels&);
  std::int64_t* wide_column(int column) { return wide_.data() + column * stride_; }
  std::int64_t at(int row, int column) const {
    const auto place = static_cast<std::size_t>(column * stride_ + row);
    return wide() ? wide_[place] : bytes_ ? bytes_[place] : words_[place];
  }
  void set(int row, int column, std::int64_t raw);

  /// Calls body with the first of the 8-bit or 16-bit words; not for wide ones.
  template <class Body>
  void visit(Body body) {
    if (bytes_)
      body(bytes_.get());
    else
      body(words_.get());
  }

 private:
  struct Free {
    void operator()(void* p) const;
  };
  std::ptrdiff_t stride_, columns_;
  std::int32_t magnitude_ = 0, limit_ = 0;  ///< limit_: of the format
  std::int32_t found_ = 0;                  ///< when all were looked at, `looked_` moves ago
  std::int64_t grown_ = 0, looked_ = 0;     ///< grown_: what may have been added since
  std::unique_ptr<std::int8_t[], Free> bytes_;
  std::unique_ptr<std::int16_t[], Free> words_;
  std::vector<std::int64_t> wide_;
};

}  // namespace apical::fixedpoint
