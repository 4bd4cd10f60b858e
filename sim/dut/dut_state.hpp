// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sim/dut/dut_description.hpp"
#include "sim/dut/dut_plugin.hpp"

namespace apical::sim {

/// A description's place in the design that runs: where each of its values is.
class DutCells {
 public:
  DutCells() = default;
  /// Of units 0..rows-1 (columns 0), or of a matrix. Throws std::invalid_argument "WHERE: ..." for a name
  /// that the design hasn't got, indices beyond its memory, another width, two values at one place.
  DutCells(const DutPlugin&, void* self, const DutPlace&, int rows, int columns);

  std::vector<std::int64_t> read() const;
  /// Of each value its low bits.
  void write(const std::vector<std::int64_t>&);
  std::size_t size() const { return cells_.size(); }

 private:
  struct Cell {
    unsigned char* data;
    int bit;
  };
  std::vector<Cell> cells_;
  int width_ = 0;
  bool is_signed_ = false;
};

/// A port or variable of a single value of up to 64 bits; throws likewise.
DutVariable dut_variable(const DutPlugin&, void* self, const std::string& where, const std::string& name);

std::uint64_t read_bits(const unsigned char* data, int bit, int width);
void write_bits(unsigned char* data, int bit, int width, std::uint64_t value);

}  // namespace apical::sim
