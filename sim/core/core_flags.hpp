// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "sim/isa/core_map.hpp"

namespace apical::sim {

/// The signal that a slot writes, as a bit of fixedpoint::Observation::changed. A scratch that changes is of
/// no consequence: so did what it reads, and the rate reads that, too.
std::uint32_t written_by(int slot);

/// What a core knows about what has to be done again: which signals' inputs changed, which lists of events
/// wait, which sums are out of date (hw/rtl/apical_flags.sv and apical_events.sv, whose words these are). It
/// decides what a tick costs, never what it computes.
class CoreFlags {
  static constexpr std::uint32_t every_slot = (1u << slot::count) - 1;

 public:
  CoreFlags(int populations, int projections);

  // Host.
  void everything();  ///< state was written from outside
  void nudge();       ///< a target or beta was written
  void forget();      ///< the lists of events become empty
  void set_always(int population, std::uint32_t slots) { at(population).always = slots; }
  void link(const reg::Link&);

  // Passes.
  std::uint32_t stale(int population) const { return at(population).stale | at(population).always; }
  void decays();  ///< the mismatch of this tick is not that of the last one
  enum class Errors { zero, nonzero };
  /// A slot was computed: `changed` is that of fixedpoint::Observation, Errors are the population's.
  void pass(int population, int slot, std::uint32_t changed, Errors);
  enum class Events { rates, errors };
  /// `count` units of a population of `units` sent events.
  void send(int population, Events, int count, int units);
  /// How often events found a list full that somebody reads, and how often they began one anew while a
  /// FORWARD or BACKWARD waited for it.
  std::uint64_t full_lists() const { return full_lists_; }
  std::uint64_t lost_lists() const { return lost_lists_; }

  // Matrices.
  bool forward_waits(int k) const { return link_at(k).forward.waits; }
  bool forward_dirty(int k) const { return link_at(k).forward.dirty; }
  bool backward_waits(int k) const { return link_at(k).backward.waits; }
  bool backward_dirty(int k) const { return link_at(k).backward.dirty; }
  bool forward_first(int k) const { return link_at(k).forward.first; }
  bool backward_first(int k) const { return link_at(k).backward.first; }
  bool any_error(int k) const;  ///< of the projection's target
  int rates_listed(int k) const { return at(link_at(k).source).rates.count; }
  int errors_listed(int k) const { return at(link_at(k).target).errors.count; }
  void forward_done(int k);
  void backward_done(int k);
  void learned(int k);  ///< a weight moved

 private:
  struct List {
    int count = 0;
    bool consumed = false;
    bool heard = false;  ///< somebody has read it: what nobody reads fills up and is never missed
  };
  struct PopulationFlags {
    std::uint32_t stale = every_slot, always = 0;
    bool any_error = true;
    List rates, errors;
  };
  struct Direction {
    bool waits = false, dirty = true, first = false;
  };
  struct Link {
    int source = 0, target = 0;
    Direction forward, backward;
  };
  PopulationFlags& at(int p) { return populations_[static_cast<std::size_t>(p)]; }
  const PopulationFlags& at(int p) const { return populations_[static_cast<std::size_t>(p)]; }
  Link& link_at(int k) { return links_[static_cast<std::size_t>(k)]; }
  const Link& link_at(int k) const { return links_[static_cast<std::size_t>(k)]; }
  bool exists(int p) const { return p < static_cast<int>(populations_.size()); }

  std::vector<PopulationFlags> populations_;
  std::vector<Link> links_;
  std::uint64_t full_lists_ = 0, lost_lists_ = 0;
};

}  // namespace apical::sim
