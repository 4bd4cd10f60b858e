#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "fixedpoint/aligned.hpp"

namespace apical::fixedpoint {

/// 128-bit XXH3 of a sequence of integers, each as a 64-bit little-endian word: what two machines must agree
/// on.
class StateDigest {
 public:
  StateDigest();
  void add(std::int64_t value);
  void add(const AlignedVector<std::int64_t>& values);
  std::string hex() const;  ///< 32 hexadecimal digits

 private:
  struct Free {
    void operator()(void* state) const;
  };
  std::unique_ptr<void, Free> state_;
};

}  // namespace apical::fixedpoint
