// SPDX-License-Identifier: Apache-2.0
#include "tools/deploy/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace apical::tools {
namespace {

int digits_of(const Field& f) {
  return (f.bits + 3) / 4;
}

}  // namespace

Field field_of(const std::string& name, const fixedpoint::Format& f) {
  return {name, f.bits, f.frac, f.is_signed};
}

std::string without_spaces(std::string name) {
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

std::string Records::csv() const {
  std::string text;
  for (const Field& f : fields_) text += (text.empty() ? "" : ",") + f.name;
  auto out = std::back_inserter(text);
  for (std::size_t i = 0; i < values_.size(); ++i)
    fmt::format_to(out, "{}{}", i % fields_.size() == 0 ? '\n' : ',', values_[i]);
  return text + "\n";
}

std::string Records::memh() const {
  std::string text = "// from the top:";
  for (const Field& f : fields_)
    text += fmt::format(" {} ({} digits, {} bits{}, frac {})", f.name, digits_of(f), f.bits,
                        f.is_signed ? " signed" : "", f.frac);
  auto out = std::back_inserter(text);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Field& f = fields_[i % fields_.size()];
    const std::uint64_t filled =
        4 * digits_of(f) >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (4 * digits_of(f))) - 1;
    if (i % fields_.size() == 0) text += '\n';
    fmt::format_to(out, "{:0{}x}", static_cast<std::uint64_t>(values_[i]) & filled, digits_of(f));
  }
  return text + "\n";
}

nlohmann::ordered_json Records::in_json() const {
  nlohmann::ordered_json all;
  for (const Field& f : fields_)
    all.push_back({{"name", f.name},
                   {"bits", f.bits},
                   {"frac", f.frac},
                   {"signed", f.is_signed},
                   {"digits", digits_of(f)}});
  return all;
}

}  // namespace apical::tools
