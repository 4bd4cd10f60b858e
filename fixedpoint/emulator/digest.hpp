// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace apical::fixedpoint {

/// 128-bit XXH3 of a sequence of integers, each as a 64-bit little-endian word: what two machines must agree
/// on.
class StateDigest {
 public:
  StateDigest();
  void add(std::int64_t value);
  /// Any contiguous container of 64-bit integers.
  template <class Integers, class = typename Integers::value_type>
  void add(const Integers& values) {
    add(values.data(), values.size());
  }
  std::string hex() const;  ///< 32 hexadecimal digits

 private:
  void add(const std::int64_t* values, std::size_t count);
  struct Free {
    void operator()(void* state) const;
  };
  std::unique_ptr<void, Free> state_;
};

}  // namespace apical::fixedpoint
