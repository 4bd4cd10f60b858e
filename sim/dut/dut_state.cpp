// SPDX-License-Identifier: Apache-2.0
#include "sim/dut/dut_state.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <stdexcept>

#include "sim/isa/core_map.hpp"

namespace apical::sim {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& what, const std::string& accepted) {
  throw std::invalid_argument(fmt::format("{}: {}; accepted: {}", where, what, accepted));
}

DutVariable find(const DutPlugin& plugin, void* self, const std::string& where, const std::string& name) {
  DutVariable variable{};
  if (plugin.find(self, name.c_str(), &variable) == 0)
    refuse(where, fmt::format("the design has no {}", name),
           fmt::format("names of the design (there: {})", plugin.beside(self, name.c_str())));
  return variable;
}

// The element of a memory that the indices name.
std::int64_t element_of(const DutPlace& place, const DutVariable& v, const IndexValues& at,
                        const std::string& of) {
  std::int64_t element = 0;
  for (int d = 0; d < v.dimensions; ++d) {
    const std::int64_t index = place.index[static_cast<std::size_t>(d)].value(at);
    if (index < v.low[d] || index > v.high[d])
      refuse(place.where, fmt::format("index {} of {}", index, of),
             fmt::format("{}..{}", v.low[d], v.high[d]));
    element = element * (v.high[d] - v.low[d] + 1) + index - v.low[d];
  }
  return element;
}

}  // namespace

std::uint64_t read_bits(const unsigned char* data, int bit, int width) {
  std::uint64_t value = 0;
  int got = 0;
  for (data += bit / 8, bit %= 8; got < width; ++data, bit = 0) {
    value |= static_cast<std::uint64_t>(*data >> bit) << got;
    got += 8 - bit;
  }
  return width == 64 ? value : value & ((std::uint64_t{1} << width) - 1);
}

void write_bits(unsigned char* data, int bit, int width, std::uint64_t value) {
  for (int put = 0; put < width; ++put) {
    const int at = bit + put;
    const auto mask = static_cast<unsigned char>(1u << (at % 8));
    data[at / 8] =
        static_cast<unsigned char>((value >> put & 1) != 0 ? data[at / 8] | mask : data[at / 8] & ~mask);
  }
}

DutVariable dut_variable(const DutPlugin& plugin, void* self, const std::string& where,
                         const std::string& name) {
  const DutVariable v = find(plugin, self, where, name);
  if (v.dimensions > 0 || v.width > 64)
    refuse(where, fmt::format("{} has {} dimensions of {} bits", name, v.dimensions, v.width),
           "a single value of at most 64 bits");
  return v;
}

DutCells::DutCells(const DutPlugin& plugin, void* self, const DutPlace& place, int rows, int columns)
    : width_(place.width), is_signed_(place.format.is_signed) {
  std::map<std::string, DutVariable> known;
  std::map<std::pair<unsigned char*, int>, std::string> taken;
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < (columns == 0 ? 1 : columns); ++column) try {
        const IndexValues at{row, column};
        const std::string name = place.name.value(at);
        auto found = known.find(name);
        if (found == known.end()) found = known.emplace(name, find(plugin, self, place.where, name)).first;
        const DutVariable& v = found->second;
        const std::string of = columns == 0 ? fmt::format("{} for unit {}", name, row)
                                            : fmt::format("{} for row {}, column {}", name, row, column);
        if (place.index.size() != static_cast<std::size_t>(v.dimensions))
          refuse(place.where, fmt::format("index: {} expressions for {}", place.index.size(), name),
                 fmt::format("{}, as many as it has unpacked dimensions", v.dimensions));
        const std::int64_t bit = place.bit ? place.bit->value(at) : 0;
        if (!place.bit && v.width != width_)
          refuse(place.where, fmt::format("{} has {} bits, not {}", name, v.width, width_),
                 fmt::format("width = {}, or bit = ... where it holds more than one value", v.width));
        if (bit + width_ > v.width)
          refuse(place.where, fmt::format("bits {}..{} of {}", bit, bit + width_ - 1, of),
                 fmt::format("0..{}", v.width - 1));
        unsigned char* const data = v.data + element_of(place, v, at, of) * v.bytes;
        const auto [other, fresh] = taken.emplace(std::pair{data, static_cast<int>(bit)}, of);
        if (!fresh)
          refuse(place.where, fmt::format("{} lies where {} does", of, other->second),
                 "a place for each value");
        cells_.push_back({data, static_cast<int>(bit)});
      } catch (const std::invalid_argument& error) {
        const std::string what = error.what();
        throw std::invalid_argument(what.rfind(place.where, 0) == 0 ? what : place.where + ": " + what);
      }
}

std::vector<std::int64_t> DutCells::read() const {
  std::vector<std::int64_t> values;
  values.reserve(cells_.size());
  for (const Cell& cell : cells_) {
    const std::uint64_t value = read_bits(cell.data, cell.bit, width_);
    values.push_back(is_signed_ ? sign_extended(value, width_) : static_cast<std::int64_t>(value));
  }
  return values;
}

void DutCells::write(const std::vector<std::int64_t>& values) {
  for (std::size_t i = 0; i < cells_.size(); ++i)
    write_bits(cells_[i].data, cells_[i].bit, width_, static_cast<std::uint64_t>(values.at(i)));
}

}  // namespace apical::sim
