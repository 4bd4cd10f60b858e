#pragma once
#include "fixedpoint/emulator/state.hpp"

namespace apical::c {

/// A field of a population's state; the numbers are those of sim/machines/integer_machine.hpp.
template <class State>
auto& values_of(State& state, int field) {
  if (field == 10) return state.first_mismatch;
  if (field == 11) return state.sent_rate;
  if (field == 12) return state.sent_error;
  return state.signals[static_cast<std::size_t>(field)];
}

}  // namespace apical::c
