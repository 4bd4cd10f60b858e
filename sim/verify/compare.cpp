// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/compare.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace apical::sim {

using fixedpoint::Program;

namespace {

void say_signal(Difference& d, const Program& program, int layer, int field) {
  d.where = program.populations[static_cast<std::size_t>(layer)].name;
  d.signal = field_name(field);
  d.layer = layer;
  d.format = field_format(program, layer, field);
}

void say_weight(Difference& d, const Program& program, int projection) {
  const fixedpoint::Projection& p = program.projections[static_cast<std::size_t>(projection)];
  d.where = p.name;
  d.signal = "weight";
  d.projection = projection;
  d.layer = p.target;
  d.format = p.weight;
}

void put(Difference& d, const Place& place, std::int64_t expected, std::int64_t found) {
  d.place = place;
  d.row = place.row;
  d.column = place.column;
  d.expected = expected;
  d.found = found;
}

// What is wrong with a write of the right value at the right place.
struct Beside {
  const char* name;
  std::int64_t expected, found;
};
std::optional<Beside> beside(const Write& expected, const Write& found) {
  const bool host = expected.operation == Write::host;
  if (found.old_value != expected.old_value)
    return Beside{"old value of ", expected.old_value, found.old_value};
  if (!host && found.random != expected.random)
    return Beside{"random bits of ", expected.random, found.random};
  if (!host && found.tick != expected.tick) return Beside{"tick of ", expected.tick, found.tick};
  return std::nullopt;
}

void say_write(Difference& d, const Program& program, const Write& w, const Place& place,
               std::int64_t expected, std::int64_t found) {
  if (w.projection >= 0 && w.projection < static_cast<int>(program.projections.size()))
    say_weight(d, program, w.projection);
  else if (w.projection < 0 && w.layer >= 0 && w.signal < state_fields)
    say_signal(d, program, w.layer, w.signal);
  else
    d.where = w.projection < 0 ? "no population" : fmt::format("no projection ({})", w.projection);
  if (d.signal.empty()) d.signal = w.projection < 0 ? fmt::format("memory {}", w.signal) : "weight";
  put(d, place, expected, found);
}

}  // namespace

std::optional<Difference> compare_site(const Site& site, IntegerMachine& reference, IntegerMachine& machine) {
  const Program& program = reference.program();
  const bool weights = site.projection >= 0;
  if (weights ? !machine.holds_weights(site.projection) : !machine.holds(site.layer, site.field))
    return std::nullopt;
  const std::vector<std::int64_t> expected =
      weights ? reference.weights(site.projection) : reference.read(site.layer, site.field);
  const std::vector<std::int64_t> found =
      weights ? machine.weights(site.projection) : machine.read(site.layer, site.field);
  const auto at = std::mismatch(expected.begin(), expected.end(), found.begin());
  if (at.first == expected.end()) return std::nullopt;
  const auto index = static_cast<int>(at.first - expected.begin());
  Difference d;
  Place place = site.first;
  place.row = index;
  if (weights) {
    const int columns = program.projections[static_cast<std::size_t>(site.projection)].columns;
    place.row = index / columns;
    place.column = index % columns;
    say_weight(d, program, site.projection);
  } else {
    say_signal(d, program, site.layer, site.field);
  }
  put(d, place, *at.first, *at.second);
  return d;
}

std::optional<Difference> compare_state(IntegerMachine& reference, IntegerMachine& machine) {
  for (const Site& site : writing_order(reference.program()))
    if (auto difference = compare_site(site, reference, machine)) return difference;
  return std::nullopt;
}

std::optional<Difference> compare_writes(const Program& program, const std::vector<Write>& expected,
                                         const std::vector<Write>& found, Tick tick) {
  const Listing code = listing(program);
  for (std::size_t i = 0; i < expected.size() || i < found.size(); ++i) {
    const Write* const e = i < expected.size() ? &expected[i] : nullptr;
    const Write* const f = i < found.size() ? &found[i] : nullptr;
    if (f == nullptr && tick == Tick::stopped) return std::nullopt;
    Difference d;
    d.clock = f != nullptr ? f->clock : found.empty() ? 0 : found.back().clock;
    const Place wanted = e != nullptr ? place_of(code, *e) : Place{},
                came = f != nullptr ? place_of(code, *f) : Place{};
    if (e != nullptr && f != nullptr && e->projection == f->projection && e->layer == f->layer &&
        e->signal == f->signal && wanted == came) {
      if (e->new_value != f->new_value) {
        say_write(d, program, *e, wanted, e->new_value, f->new_value);
        return d;
      }
      const std::optional<Beside> wrong = beside(*e, *f);
      if (!wrong) continue;
      say_write(d, program, *e, wanted, wrong->expected, wrong->found);
      d.kind = Difference::Kind::retire;
      d.signal = wrong->name + d.signal;
      if (f->old_value == e->old_value) d.format = {16, 0, false};  // bits or a tick, of no signal's format
      return d;
    }
    if (f != nullptr && (e == nullptr || !(wanted < came)))
      say_write(d, program, *f, came, f->old_value, f->new_value);
    else if (e != nullptr)  // it's missing
      say_write(d, program, *e, wanted, e->new_value, e->old_value);
    return d;
  }
  return std::nullopt;
}

std::optional<Difference> compare_stored(IntegerMachine& reference, IntegerMachine& machine) {
  const Program& program = reference.program();
  std::optional<Difference> first;
  bool first_expected = false;
  for (const Site& site : writing_order(program)) {
    if (site.projection < 0 || fixedpoint::holder_of(program, site.projection) != site.projection) continue;
    const std::vector<std::int64_t> expected = reference.weights(site.projection),
                                    found = machine.stored_weights(site.projection);
    if (expected == found) continue;
    const int columns = program.projections[static_cast<std::size_t>(site.projection)].columns;
    const auto index_of = [columns](int row, int column) {
      return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
             static_cast<std::size_t>(column);
    };
    const auto differs = [&](int row, int column) {
      return expected[index_of(row, column)] != found[index_of(row, column)];
    };
    // A write that got lost comes before one that another write destroyed.
    const Write* lost = nullptr;
    if (const std::vector<Write>* const writes = reference.writes();
        writes != nullptr && reference.ticks() > 0)
      for (const Write& w : *writes)
        if (lost == nullptr && w.projection >= 0 &&
            fixedpoint::holder_of(program, w.projection) == site.projection && differs(w.row, w.column))
          lost = &w;
    const auto at = std::mismatch(expected.begin(), expected.end(), found.begin()).first - expected.begin();
    Difference d;
    d.kind = Difference::Kind::stored;
    Place place = reference.ticks() == 0 ? Place{} : site.first;
    place.row = lost != nullptr ? lost->row : static_cast<int>(at) / columns;
    place.column = lost != nullptr ? lost->column : static_cast<int>(at) % columns;
    if (lost != nullptr) place.operation = lost->operation;
    const std::size_t index = index_of(place.row, place.column);
    say_weight(d, program, site.projection);
    put(d, place, expected[index], found[index]);
    if (first && (first_expected || lost == nullptr)) continue;
    first = d;
    first_expected = lost != nullptr;
  }
  if (first) complete(*first, reference, machine, reference.ticks() == 0 ? 0 : reference.ticks() - 1);
  return first;
}

void complete(Difference& d, IntegerMachine& reference, IntegerMachine& machine, std::uint32_t tick) {
  d.machine = machine.name();
  d.reference = reference.name();
  d.tick = tick;
  d.operations = operations_until(reference.program(), d.place.operation);
  if (d.projection >= 0 || d.layer >= 0) d.address = machine.address(d.layer, d.projection, d.row, d.column);
  if (d.clock != 0) return;
  // Of what no retire port tells: behind the last value that was written before it.
  const std::vector<Write>* const writes = machine.writes();
  const Listing code = listing(reference.program());
  if (writes != nullptr)
    for (const Write& w : *writes)
      if (!(d.place < place_of(code, w))) d.clock = w.clock;
  if (d.clock == 0) d.clock = machine.clocks();
}

}  // namespace apical::sim
