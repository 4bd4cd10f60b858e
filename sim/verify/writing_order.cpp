// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/writing_order.hpp"

#include <algorithm>

#include "sim/isa/core_map.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

namespace {

// The pass of an operation that writes a field; slot::count: none.
int slot_of(std::uint32_t slots, int field) {
  if (field == memory::sent_rate) field = memory::rate;
  if (field == memory::sent_error) field = memory::error;
  const bool only_at_start = field == memory::first_mismatch;
  if (only_at_start) field = memory::mismatch;
  for (int s = 0; s < slot::count; ++s)
    if ((slots >> s & 1) != 0 && s != slot::scratch && static_cast<int>(pass_of(s).signal) == field &&
        (!only_at_start || s == slot::start_mismatch))
      return s;
  return slot::count;
}

}  // namespace

Place place_of(const Listing& listing, const Write& w) {
  Place place;
  place.operation = w.operation;
  place.row = w.row;
  place.column = w.column;
  if (w.projection >= 0 || w.operation == Write::host) return place;
  const auto number = static_cast<std::size_t>(w.operation);
  const bool updates = number < listing.operations.size() && listing.operations[number].slots != 0 &&
                       listing.operations[number].operation.index == w.layer;
  place.slot = updates ? slot_of(listing.operations[number].slots, w.signal) : slot::count;
  return place;
}

std::vector<Site> writing_order(const Program& program) {
  const Listing code = listing(program);
  std::vector<Site> sites;
  for (int layer = 0; layer < static_cast<int>(program.populations.size()); ++layer)
    for (int field = 0; field < state_fields; ++field) {
      Site site;
      site.layer = layer;
      site.field = field;
      site.first.sent = field == memory::sent_rate || field == memory::sent_error;
      for (std::size_t number = 0; number < code.operations.size(); ++number) {
        const Listed& one = code.operations[number];
        const int slot = one.operation.index == layer ? slot_of(one.slots, field) : slot::count;
        if (slot == slot::count) continue;
        site.first.operation = static_cast<int>(number);
        site.first.slot = slot;
      }
      sites.push_back(site);
    }
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k) {
    Site site;
    site.projection = k;
    site.first.column = 0;
    for (std::size_t number = 0; number < code.operations.size(); ++number) {
      const Operation& op = code.operations[number].operation;
      if (op.code == OpCode::learn && holder_of(program, op.index) == holder_of(program, k))
        site.first.operation = static_cast<int>(number);
    }
    sites.push_back(site);
  }
  std::stable_sort(sites.begin(), sites.end(),
                   [](const Site& a, const Site& b) { return a.first < b.first; });
  return sites;
}

bool writes_field(const Program& program, int number, int layer, int field) {
  const Listing code = listing(program);
  const Listed& one = code.operations.at(static_cast<std::size_t>(number));
  return one.operation.index == layer && slot_of(one.slots, field) != slot::count;
}

std::vector<std::string> operations_until(const Program& program, int last) {
  const Listing code = listing(program);
  std::vector<std::string> names;
  for (int number = 0; number <= last && number < static_cast<int>(code.operations.size()); ++number) {
    const Listed& one = code.operations[static_cast<std::size_t>(number)];
    const Population& p = program.populations[static_cast<std::size_t>(
        one.operation.code == OpCode::update ? one.operation.index : 0)];
    names.push_back(one.decay ? "DECAY    " + p.name : describe(program, one.operation));
  }
  return names;
}

}  // namespace apical::sim
