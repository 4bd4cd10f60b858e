// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <verilated.h>
#include <verilated_sym_props.h>

#include <cstdint>
#include <string>

namespace apical::sim {

/// A memory of a Verilated core, read in place: no clock passes. Empty where the core has no such memory.
class MemoryView {
 public:
  MemoryView() = default;
  /// `scope`: hierarchical name of an apical_ram.
  MemoryView(const VerilatedContext& context, const std::string& scope) {
    const VerilatedScope* found = context.scopeFind(scope.c_str());
    VerilatedVar* memory = found != nullptr ? found->varFind("memory") : nullptr;
    if (memory == nullptr) return;
    data_ = memory->datap();
    bits_ = memory->packed().elements();
  }
  explicit operator bool() const { return data_ != nullptr; }
  /// The word, sign-extended. The core has to be idle.
  std::int64_t operator[](std::uint32_t address) const {
    const std::uint64_t sign = std::uint64_t{1} << (bits_ - 1);
    return static_cast<std::int64_t>((raw(address) ^ sign) - sign);
  }

 private:
  std::uint64_t raw(std::uint32_t address) const {
    if (bits_ <= 8) return static_cast<const CData*>(data_)[address];
    if (bits_ <= 16) return static_cast<const SData*>(data_)[address];
    if (bits_ <= 32) return static_cast<const IData*>(data_)[address];
    return static_cast<const QData*>(data_)[address];
  }
  const void* data_ = nullptr;
  int bits_ = 0;
};

}  // namespace apical::sim
