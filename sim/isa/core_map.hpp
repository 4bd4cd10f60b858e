// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fixedpoint/program/passes.hpp"
#include "fixedpoint/program/program.hpp"
#include "hw/isa.hpp"

namespace apical::sim {

// Numbers and words of the core, as hw/apical.rdl defines them.
namespace isa = apical::isa;
namespace kind = isa::kind;
namespace memory = isa::memory;
namespace reg = apical::reg;
namespace slot = isa::slot;
namespace window = isa::window;

/// Addresses in window::descriptors.
constexpr std::uint32_t pass_address(int population, int slot) {
  return static_cast<std::uint32_t>(population * isa::Population::stride + isa::Population::slot_word +
                                    slot * isa::Population::slot_stride);
}
constexpr std::uint32_t header_address(int population) {
  return static_cast<std::uint32_t>(population * isa::Population::stride + isa::Population::header_word);
}
constexpr std::uint32_t projection_address(int populations, int projection) {
  return static_cast<std::uint32_t>(populations * isa::Population::stride +
                                    projection * isa::Projection::stride);
}
constexpr std::uint32_t eta_address(int populations, int projection) {
  return projection_address(populations, projection) + isa::Projection::matrix_word + isa::Matrix::eta_word;
}

// What the program numbers, it numbers as the core does: words hold these as they are.
constexpr bool agree(fixedpoint::Signal signal, int number) {
  return static_cast<int>(signal) == number;
}
static_assert(agree(fixedpoint::Signal::basal, memory::basal) &&
              agree(fixedpoint::Signal::apical, memory::apical) && agree(fixedpoint::Signal::u, memory::u) &&
              agree(fixedpoint::Signal::membrane, memory::membrane) &&
              agree(fixedpoint::Signal::rate, memory::rate) &&
              agree(fixedpoint::Signal::slope, memory::slope) &&
              agree(fixedpoint::Signal::nudge, memory::nudge) &&
              agree(fixedpoint::Signal::error, memory::error) &&
              agree(fixedpoint::Signal::mismatch, memory::mismatch) &&
              agree(fixedpoint::Signal::target, memory::target));
/// What a two's complement port of `bits` bits takes of a word.
constexpr std::int64_t sign_extended(std::uint64_t value, int bits) {
  return bits >= 64 ? static_cast<std::int64_t>(value)
                    : static_cast<std::int64_t>(value << (64 - bits)) >> (64 - bits);
}

// As fixedpoint::LayerState counts its fields.
static_assert(memory::first_mismatch == fixedpoint::neuron_signals &&
              memory::sent_rate == memory::first_mismatch + 1 && memory::sent_error == memory::sent_rate + 1);
constexpr bool agree(fixedpoint::PassSlot pass, int number) {
  return static_cast<int>(pass) == number;
}
static_assert(agree(fixedpoint::PassSlot::basal, slot::basal) &&
              agree(fixedpoint::PassSlot::start_error, slot::start_error) &&
              agree(fixedpoint::PassSlot::u, slot::u) && agree(fixedpoint::PassSlot::slope, slot::slope) &&
              agree(fixedpoint::PassSlot::scratch, slot::scratch) &&
              agree(fixedpoint::PassSlot::rate, slot::rate) &&
              agree(fixedpoint::PassSlot::apical, slot::apical) &&
              agree(fixedpoint::PassSlot::nudge, slot::nudge) &&
              agree(fixedpoint::PassSlot::error, slot::error) &&
              agree(fixedpoint::PassSlot::start_mismatch, slot::start_mismatch) &&
              agree(fixedpoint::PassSlot::membrane, slot::membrane) &&
              agree(fixedpoint::PassSlot::mismatch, slot::mismatch) && slot::count == fixedpoint::pass_count);
constexpr bool agree(fixedpoint::Rounding rounding, int number) {
  return static_cast<int>(rounding) == number;
}
static_assert(agree(fixedpoint::Rounding::rnd, isa::mode::rnd) &&
              agree(fixedpoint::Rounding::rnd_zero, isa::mode::rnd_zero) &&
              agree(fixedpoint::Rounding::rnd_min_inf, isa::mode::rnd_min_inf) &&
              agree(fixedpoint::Rounding::rnd_inf, isa::mode::rnd_inf) &&
              agree(fixedpoint::Rounding::rnd_conv, isa::mode::rnd_conv) &&
              agree(fixedpoint::Rounding::trn, isa::mode::trn) &&
              agree(fixedpoint::Rounding::trn_zero, isa::mode::trn_zero) &&
              agree(fixedpoint::Rounding::stochastic, isa::mode::stochastic));
constexpr bool agree(fixedpoint::Overflow overflow, int number) {
  return static_cast<int>(overflow) == number;
}
static_assert(agree(fixedpoint::Overflow::sat, isa::overflow::sat) &&
              agree(fixedpoint::Overflow::sat_zero, isa::overflow::sat_zero) &&
              agree(fixedpoint::Overflow::sat_sym, isa::overflow::sat_sym) &&
              agree(fixedpoint::Overflow::wrap, isa::overflow::wrap));

}  // namespace apical::sim
