// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// What an UPDATE computes of a population, one signal after the other, in this order (hw/ARCHITECTURE.md,
/// "UPDATE"). The Verilog datapath and the dense schedule don't know this table: they are what it is held
/// against.
enum class PassSlot {
  basal,
  start_error,
  u,
  slope,
  scratch,
  rate,
  apical,
  nudge,
  error,
  start_mismatch,
  membrane,
  mismatch
};
inline constexpr std::size_t pass_count = 12;

/// A set of signals, a bit each.
using Signals = std::uint32_t;
constexpr Signals set_of(Signal s) {
  return 1u << static_cast<unsigned>(s);
}
template <class... Rest>
constexpr Signals set_of(Signal s, Rest... rest) {
  return set_of(s) | set_of(rest...);
}
/// What a core has beside the signals of a program: the addend of an advanced response, the first mismatch.
inline constexpr Signals scratch_of_core = 1u << signal_count;
inline constexpr Signals first_mismatch_of_core = scratch_of_core << 1;

/// A set of compartments, a bit each.
constexpr std::uint32_t set_of(Compartment c) {
  return 1u << static_cast<unsigned>(c);
}
template <class... Rest>
constexpr std::uint32_t set_of(Compartment c, Rest... rest) {
  return set_of(c) | set_of(rest...);
}

/// Calls each(signal) for those of a set that a program has, in the order of the enumeration.
template <class Each>
constexpr void for_each_signal(Signals set, Each each) {
  for (unsigned s = 0; s < signal_count; ++s)
    if ((set >> s & 1) != 0) each(static_cast<Signal>(s));
}

struct PassTraits {
  Signal signal;               ///< that it writes; of a scratch the rate, whose format it has
  Signals writes, reads;       ///< of the same unit; sums, targets, constants and factors tell by themselves
  std::uint32_t compartments;  ///< that have it
  int parts;                   ///< of an UPDATE; 0: begins a tick by itself
  bool always;                 ///< in every tick: nobody follows what it reads
};

namespace detail {
inline constexpr Signals drive = set_of(Signal::basal, Signal::nudge, Signal::mismatch, Signal::membrane);
inline constexpr std::uint32_t soma = set_of(Compartment::soma);
inline constexpr std::uint32_t voltages = set_of(Compartment::soma, Compartment::interneuron);
inline constexpr std::uint32_t rates =
    set_of(Compartment::soma, Compartment::interneuron, Compartment::relay, Compartment::error_relay);
inline constexpr std::uint32_t errors =
    set_of(Compartment::soma, Compartment::interneuron, Compartment::dendrite);
}  // namespace detail

/// By the number of the slot.
inline constexpr PassTraits passes[pass_count] = {
    {Signal::basal, set_of(Signal::basal), 0, detail::errors, part::basal, false},
    {Signal::error, set_of(Signal::error), set_of(Signal::basal),
     set_of(Compartment::soma, Compartment::dendrite), part::start_error, true},
    {Signal::u, set_of(Signal::u), detail::drive, detail::voltages, part::soma | part::voltage, false},
    {Signal::slope, set_of(Signal::slope), set_of(Signal::u, Signal::membrane), detail::soma, part::soma,
     false},
    {Signal::rate, scratch_of_core, set_of(Signal::u, Signal::membrane), detail::soma, part::soma, false},
    {Signal::rate, set_of(Signal::rate), detail::drive | set_of(Signal::u, Signal::slope) | scratch_of_core,
     detail::rates, part::soma, false},
    {Signal::apical, set_of(Signal::apical), 0, detail::soma, part::error | part::start_mismatch, false},
    {Signal::nudge, set_of(Signal::nudge), set_of(Signal::u, Signal::slope, Signal::apical), detail::soma,
     part::error | part::start_mismatch, false},
    {Signal::error, set_of(Signal::error), detail::drive, detail::errors, part::error, false},
    {Signal::mismatch, set_of(Signal::mismatch) | first_mismatch_of_core,
     set_of(Signal::basal, Signal::nudge), detail::soma, part::start_mismatch, true},
    {Signal::membrane, set_of(Signal::membrane), detail::drive, detail::voltages, part::membrane, false},
    {Signal::mismatch, set_of(Signal::mismatch), first_mismatch_of_core, detail::soma, 0, false}};

constexpr const PassTraits& pass_of(int slot) {
  return passes[slot];
}
constexpr bool has_pass(Compartment compartment, int slot) {
  return (pass_of(slot).compartments & set_of(compartment)) != 0;
}

/// The terms of a voltage and of a membrane.
inline constexpr Signals drive_signals = pass_of(static_cast<int>(PassSlot::membrane)).reads;

/// Whether a slot's format is that of its signal, which the start may write beforehand.
constexpr bool has_format(int slot) {
  return !pass_of(slot).always && (pass_of(slot).writes & set_of(pass_of(slot).signal)) != 0;
}

/// The slot in which a population copies a signal of another one, if it does (relayed_signal()).
constexpr int copying_slot(Compartment copier) {
  switch (copier) {
    case Compartment::soma:
      return static_cast<int>(PassSlot::apical);
    case Compartment::interneuron:
      return static_cast<int>(PassSlot::membrane);
    case Compartment::dendrite:
      return static_cast<int>(PassSlot::error);
    default:
      return static_cast<int>(PassSlot::rate);
  }
}

/// Slots whose bit `holds(slot)` sets.
template <class Holds>
constexpr std::uint32_t slots_where(Holds holds) {
  std::uint32_t slots = 0;
  for (int s = 0; s < static_cast<int>(pass_count); ++s)
    if (holds(s)) slots |= 1u << s;
  return slots;
}

/// What has to run again where a pass has written something new: who reads it, and who overwrites it.
constexpr std::uint32_t readers(int slot) {
  return slots_where([slot](int other) {
    const bool overwrites = other != slot && (pass_of(other).writes & pass_of(slot).writes) != 0;
    return !pass_of(other).always && (overwrites || (pass_of(other).reads & pass_of(slot).writes) != 0);
  });
}

inline constexpr std::uint32_t passes_of_every_tick =
    slots_where([](int slot) { return pass_of(slot).always; });

}  // namespace apical::fixedpoint
