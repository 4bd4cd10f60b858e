// SPDX-License-Identifier: Apache-2.0
#include "sim/core/core_flags.hpp"

#include <algorithm>
#include <array>

#include "fixedpoint/program/passes.hpp"
#include "sim/isa/core_map.hpp"

namespace apical::sim {

namespace {

constexpr auto readers = [] {
  std::array<std::uint32_t, fixedpoint::pass_count> all{};
  for (std::size_t s = 0; s < all.size(); ++s) all[s] = fixedpoint::readers(static_cast<int>(s));
  return all;
}();

}  // namespace

std::uint32_t written_by(int number) {
  return number == slot::scratch ? 0 : fixedpoint::set_of(fixedpoint::pass_of(number).signal);
}

CoreFlags::CoreFlags(int populations, int projections)
    : populations_(static_cast<std::size_t>(populations)), links_(static_cast<std::size_t>(projections)) {}

void CoreFlags::everything() {
  for (PopulationFlags& p : populations_) {
    p.stale = every_slot;
    p.any_error = true;
  }
  for (Link& l : links_) l.forward.dirty = l.backward.dirty = true;
}

void CoreFlags::nudge() {
  for (PopulationFlags& p : populations_) p.stale |= 1u << slot::nudge;
}

void CoreFlags::decays() {
  for (PopulationFlags& p : populations_) p.stale |= 1u << slot::mismatch;
}

void CoreFlags::forget() {
  for (PopulationFlags& p : populations_) p.rates = p.errors = {};
}

void CoreFlags::link(const reg::Link& wiring) {
  Link& l = link_at(wiring.projection);
  l.source = wiring.source;
  l.target = wiring.target;
  l.forward.first = wiring.first_forward;
  l.backward.first = wiring.first_backward;
}

void CoreFlags::pass(int population, int number, std::uint32_t changed, Errors errors) {
  PopulationFlags& p = at(population);
  p.stale = (p.stale & ~(1u << number)) |
            ((changed & written_by(number)) != 0 ? readers[static_cast<std::size_t>(number)] : 0);
  if (number == slot::error || number == slot::start_error) p.any_error = errors == Errors::nonzero;
}

// An event that starts a list anew while a projection still waits for the old one, or that finds no room, is
// lost to whoever listens: it starts from what was sent, and so does all that shares its accumulators.
void CoreFlags::send(int population, Events events, int count, int units) {
  const bool error = events == Events::errors;
  if (count == 0) return;
  PopulationFlags& p = at(population);
  List& list = error ? p.errors : p.rates;
  const bool renewed = list.consumed;
  if (renewed) list.count = 0;
  list.consumed = false;
  const bool overflow = list.count + count > units;
  bool lost = false;
  full_lists_ += overflow && list.heard;
  list.count = std::min(list.count + count, units);
  for (Link& l : links_) {
    if ((error ? l.target : l.source) != population) continue;
    Direction& d = error ? l.backward : l.forward;
    lost |= renewed && d.waits;
    if (overflow || (renewed && d.waits))
      for (Link& other : links_)
        if (error ? other.source == l.source : other.target == l.target)
          (error ? other.backward : other.forward).dirty = true;
    d.waits = true;
  }
  lost_lists_ += lost;
}

bool CoreFlags::any_error(int k) const {
  return exists(link_at(k).target) && at(link_at(k).target).any_error;
}

void CoreFlags::forward_done(int k) {
  Link& l = link_at(k);
  l.forward.waits = l.forward.dirty = false;
  if (exists(l.target)) at(l.target).stale |= 1u << slot::basal;
  if (exists(l.source)) at(l.source).rates = {at(l.source).rates.count, true, true};
}

void CoreFlags::backward_done(int k) {
  Link& l = link_at(k);
  l.backward.waits = l.backward.dirty = false;
  if (exists(l.source)) at(l.source).stale |= 1u << slot::apical;
  if (exists(l.target)) at(l.target).errors = {at(l.target).errors.count, true, true};
}

void CoreFlags::learned(int k) {
  for (Link& l : links_) {
    if (l.target == link_at(k).target) l.forward.dirty = true;
    if (l.source == link_at(k).source) l.backward.dirty = true;
  }
}

}  // namespace apical::sim
