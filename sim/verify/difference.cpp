// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/difference.hpp"

#include <fmt/format.h>

namespace apical::sim {
namespace {

std::string hexadecimal(std::int64_t value, int bits) {
  const std::uint64_t mask = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  return fmt::format("0x{:0{}x}", static_cast<std::uint64_t>(value) & mask, (bits + 3) / 4);
}

}  // namespace

std::string describe(const Difference& d) {
  using Kind = Difference::Kind;
  std::string text = fmt::format("{} parts from {} in tick {}: ", d.machine, d.reference, d.tick);
  if (d.kind == Kind::stopped) {
    text += d.text + "\n";
  } else {
    const std::string place = d.kind == Kind::counter ? d.signal
                              : d.column < 0 ? fmt::format("{} of unit {} of {}", d.signal, d.row, d.where)
                                             : fmt::format("{}[{}][{}]", d.where, d.row, d.column);
    const std::uint64_t parted = static_cast<std::uint64_t>(d.expected ^ d.found);
    std::string bits;
    for (int bit = 0; bit < d.format.bits + (d.format.is_signed ? 0 : 1); ++bit)
      if ((parted >> bit) & 1) bits += fmt::format("{}{}", bits.empty() ? "" : ", ", bit);
    text += fmt::format(
        "{}{}\n"
        "  {:<10} {}  {} = {:.10g}\n"
        "  {:<10} {}  {} = {:.10g}\n"
        "  bits       {}\n{}",
        place,
        d.kind == Kind::stored   ? ", in memory"
        : d.kind == Kind::retire ? ", of the retire port"
                                 : "",
        d.reference, hexadecimal(d.expected, d.format.bits), d.expected, d.format.value(d.expected),
        d.machine, hexadecimal(d.found, d.format.bits), d.found, d.format.value(d.found),
        bits.empty() ? "beyond the format" : bits,
        d.address ? fmt::format("  address    {}\n", *d.address) : "");
    if (!d.text.empty()) text += fmt::format("  then       {}\n", d.text);
    if (d.kind == Kind::counter) return text + "  counted up to the end of the tick\n";
    if (d.operations.empty()) return text + "  written by the host, or at the start of a tick\n";
  }
  const std::size_t first = d.operations.size() > 4 ? d.operations.size() - 4 : 0;
  const char* const last = d.kind == Kind::stopped ? "in" : "written by";
  for (std::size_t i = first; i < d.operations.size(); ++i)
    text += fmt::format("  {:<10} {}\n", i + 1 == d.operations.size() ? last : "after", d.operations[i]);
  return text;
}

}  // namespace apical::sim
