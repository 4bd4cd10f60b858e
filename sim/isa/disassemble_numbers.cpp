// SPDX-License-Identifier: Apache-2.0
// What descriptors say of formats, binary points and tables.
#include <algorithm>
#include <cmath>

#include "sim/isa/disassemble_reader.hpp"
#include "sim/isa/format_words.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

Format ProgramReader::format(const isa::Pass& pass) const {
  Format f = format_of(pass);
  // Of a pass that nobody runs; one that does is compared with its descriptor below.
  if (f.bits < 1 || f.bits + (f.is_signed ? 0 : 1) > core_.sw) {
    f.bits = core_.sw;
    f.is_signed = true;
  }
  return f;
}

void ProgramReader::read_units(int index) {
  Population& p = population(index);
  p.name = index == 0 ? "input" : fmt::format("layer{}", index);
  const isa::Header head = header(index);
  p.units = head.place.units;
  const auto first =
      static_cast<std::uint32_t>(head.place.first_group) * static_cast<std::uint32_t>(core_.lanes);
  if (p.units < 1 || first + static_cast<std::uint32_t>(p.units) > static_cast<std::uint32_t>(core_.units))
    refuse(fmt::format("population {} has units {}..{} of {}", index, first,
                       first + static_cast<std::uint32_t>(p.units), core_.units));
  d_.first_unit.push_back(first);
  d_.image.first_unit.push_back(first);
  places_[static_cast<std::size_t>(index)].units = first;
  const std::uint32_t mask = core_.sw >= 32 ? ~0u : (1u << core_.sw) - 1;
  p.theta_rate = head.theta_rate.value & mask;
  p.theta_error = head.theta_error.value & mask;
  p[Signal::rate] = format(pass(index, slot::rate));
  if (index == 0) return;
  for (int s = 0; s < slot::count; ++s)
    if (has_format(s)) p[pass_of(s).signal] = format(pass(index, s));
  p[Signal::target].bits = core_.sw;
  for (std::size_t i = 0; i < static_cast<std::size_t>(p.units); ++i) {
    p.rho.push_back(m_.signals[memory::rho][first + i]);
    p.alpha.push_back(m_.signals[memory::alpha][first + i]);
  }
  program_->output = index;
}

// What a population is follows from what it copies, and from whom.
void ProgramReader::read_compartment(int index) {
  Population& p = population(index);
  const bool targeted = pass(index, slot::nudge).result.kind == kind::nudge_target;
  if ((used_[static_cast<std::size_t>(index)] >> slot::nudge & 1) != 0 && targeted) program_->output = index;
  int copied = slot::apical;
  if (copies(index, slot::membrane)) {
    p.compartment = Compartment::interneuron;
    copied = slot::membrane;
  } else if (copies(index, slot::rate)) {
    const bool errors = pass(index, slot::rate).terms.low_bits == memory::error;
    p.compartment = errors ? Compartment::error_relay : Compartment::relay;
    copied = slot::rate;
  } else if (copies(index, slot::error)) {
    p.compartment = Compartment::dendrite;
    p[Signal::rate] = format(pass(index, slot::error));
    copied = slot::error;
  } else if (!copies(index, slot::apical)) {
    return;
  }
  const auto first = static_cast<std::uint32_t>(pass(index, copied).lookup.first_entry);
  const auto found = std::find(d_.first_unit.begin() + 1, d_.first_unit.end(), first);
  if (found == d_.first_unit.end())
    refuse(fmt::format("population {} copies from unit {}, where none begins", index, first));
  p.relayed = static_cast<int>(found - d_.first_unit.begin());
  places_[static_cast<std::size_t>(index)].relayed = first;
  if (population(p.relayed).units != p.units)
    refuse(fmt::format("population {} copies from another number of units", index));
  if (p.compartment != Compartment::soma) return;
  Population& dendrite = population(p.relayed);
  dendrite.compartment = Compartment::dendrite;
  dendrite[Signal::error] = format(pass(p.relayed, slot::start_error));
}

// Binary points of a population by themselves: that of the drive is 0, that of a rate is 0, too, and
// matrices make up for it.
void ProgramReader::read_points(int index) {
  Population& p = population(index);
  if (p.compartment == Compartment::relay || p.compartment == Compartment::error_relay) return;
  if (p.compartment == Compartment::dendrite) {
    p[Signal::error].frac = -shift(index, slot::start_error);
    return;
  }
  const isa::Pass voltage = pass(index, slot::u);
  const bool nudged = voltage.terms.use_nudge;
  if (index > 1 && nudged != (program_->gamma == 1)) refuse("use_nudge in some populations only");
  program_->gamma = nudged ? 1 : 0;
  if ((used_[static_cast<std::size_t>(index)] >> slot::membrane & 1) != 0 && !copies(index, slot::membrane))
    read_alpha_frac(index);
  p[Signal::basal].frac = -voltage.align.basal;
  p[Signal::nudge].frac = -voltage.align.nudge;
  p[Signal::mismatch].frac = -voltage.align.mismatch;
  p[Signal::membrane].frac = -voltage.align.membrane;
  p[Signal::u].frac = rho_frac - voltage.result.shift;
  const int error_shift = shift(index, slot::error);
  p[Signal::error].frac = nudged ? rho_frac - error_shift : p[Signal::nudge].frac - error_shift;
  if (p.compartment != Compartment::soma) return;
  const bool advanced = pass(index, slot::rate).result.kind == kind::advanced;
  if (index > 1 && advanced != program_->advanced_response)
    refuse("advanced responses in some populations only");
  program_->advanced_response = advanced;
  if (index != program_->output) return;
  const isa::Pass nudge = pass(index, slot::nudge);
  const int common = p[Signal::u].frac + nudge.align.membrane;
  p[Signal::target].frac = common - nudge.align.basal;
  program_->beta_frac = nudge.result.shift + p[Signal::nudge].frac - common;
  if (advanced) p[Signal::slope].frac = product_up(index) - rho_frac;
}

void ProgramReader::read_alpha_frac(int index) {
  program_->alpha_frac = pass(index, slot::membrane).align.up_addend;
  if (program_->alpha_frac > finest_constant_frac)
    refuse(fmt::format("alpha of population {} has {} fraction bits", index, program_->alpha_frac));
  if (core_.advanced == 0 && program_->alpha_frac != core_.alpha_frac)
    refuse(fmt::format("population {} needs ALPHA_FRAC = {}", index, program_->alpha_frac));
}

// What a population copies ties its binary points to those of another one.
void ProgramReader::read_copies(int index) {
  Population& p = population(index);
  if (p.relayed < 0) return;
  const Population& from = population(p.relayed);
  const int frac = from[relayed_signal(p.compartment)].frac;
  if (p.compartment == Compartment::relay || p.compartment == Compartment::error_relay) {
    p[Signal::rate].frac = frac - shift(index, slot::rate);
  } else if (p.compartment == Compartment::dendrite) {
    p[Signal::rate].frac = frac - shift(index, slot::error);
  } else if (p.compartment == Compartment::interneuron) {
    const int drive = frac - shift(index, slot::membrane) - p[Signal::membrane].frac;
    for (const Signal s :
         {Signal::basal, Signal::nudge, Signal::mismatch, Signal::membrane, Signal::u, Signal::error})
      p[s].frac += drive;
    p[Signal::rate].frac = p[Signal::u].frac - shift(index, slot::rate);
  } else {
    p[Signal::apical].frac = frac - shift(index, slot::apical);
    read_slope(index);
  }
}

// The advanced response multiplies a slope with the drive, and the nudge the same slope with what comes back:
// that ties the drives of both ends of a BACKWARD, where by themselves every drive has its binary point at 0.
void ProgramReader::tie_drives() {
  if (!program_->advanced_response) return;
  const std::size_t count = program_->populations.size();
  std::vector<int> offset(count, 0);
  std::vector<bool> known(count, false);
  known[1] = true;
  for (std::size_t round = 1; round < count; ++round)
    for (const Projection& p : program_->projections) {
      const auto source = static_cast<std::size_t>(p.source), target = static_cast<std::size_t>(p.target);
      if (!p.backward || known[source] == known[target]) continue;
      const Population &from = population(p.source), &to = population(p.target);
      const int product = product_up(p.source);
      const int weight = shift(p.target, slot::basal) + to[Signal::basal].frac - from[Signal::rate].frac;
      const int slope = shift(p.source, slot::nudge) + from[Signal::nudge].frac - weight -
                        to[Signal::error].frac + shift(p.source, slot::apical);
      const int apart = (slope - product + rho_frac) / 2;
      if (known[source])
        offset[target] = offset[source] + apart;
      else
        offset[source] = offset[target] - apart;
      known[source] = known[target] = true;
    }
  for (std::size_t i = 1; i < count; ++i) {
    Population& p = population(static_cast<int>(i));
    for (const Signal s : {Signal::basal, Signal::nudge, Signal::mismatch, Signal::membrane, Signal::u,
                           Signal::error, Signal::target})
      p[s].frac += offset[i];
    p[Signal::slope].frac -= offset[i];
  }
}

void ProgramReader::read_slope(int index) {
  Population& p = population(index);
  p[Signal::slope].frac = shift(index, slot::nudge) + p[Signal::nudge].frac - p[Signal::apical].frac;
}

void ProgramReader::read_projection(int k) {
  const isa::Projection words = isa::Projection::decode(projection_words(k));
  const isa::Matrix& m = words.matrix;
  Projection& p = program_->projections[static_cast<std::size_t>(k)];
  const Population& source = population(p.source);
  const Population& target = population(p.target);
  p.rows = target.units;
  p.bias = m.walk.bias;
  p.columns = source.units + (p.bias ? 1 : 0);
  p.weight = format_of(m);
  if (p.weight.bits < 1 || p.weight.bits + (p.weight.is_signed ? 0 : 1) > core_.ww)
    refuse(fmt::format("weights {} have {} bits", k, p.weight.bits));
  // Weights at the same place are the same weights.
  const auto& blocks = d_.image.first_block;
  const auto holder = std::find(blocks.begin(), blocks.end(), m.first.word);
  if (holder != blocks.end()) p.shares = static_cast<int>(holder - blocks.begin());
  p.forward = p.shares < 0;
  p.weight.frac = p.shares < 0
                      ? shift(p.target, slot::basal) + target[Signal::basal].frac - source[Signal::rate].frac
                      : program_->projections[static_cast<std::size_t>(p.shares)].weight.frac;
  p.step = format(words.step);
  p.learn_shift = m.walk.learn_shift;
  p.decay = m.weight.decays ? m.weight.decay : -1;
  p.step.frac = p.learn_shift + p.weight.frac - source[Signal::rate].frac;
  p.eta_frac = words.step.result.shift + p.step.frac - learning_signal_format(*program_, p).frac;
  p.eta_dt = std::ldexp(static_cast<double>(m.eta.value), -p.eta_frac);
  p.one = isa::taken(m.one.encode(), 0, core_.sw, true);
  d_.image.first_block.push_back(m.first.word);
  d_.image.eta_word.push_back(eta_address(core_.pops, k));
}

// Binary points of the errors that come back; of several projections the first one counts, read last.
void ProgramReader::read_apical(int k) {
  const Projection& p = program_->projections[static_cast<std::size_t>(k)];
  if (!p.backward) return;
  population(p.source)[Signal::apical].frac =
      p.weight.frac + population(p.target)[Signal::error].frac - shift(p.source, slot::apical);
  read_slope(p.source);
}

void ProgramReader::read_tables(int index) {
  const auto at = static_cast<std::size_t>(index);
  const Population& p = program_->populations[at];
  if (p.compartment != Compartment::soma) return;
  places_[at].slope_table =
      read_table(pass(index, slot::slope), p[Signal::slope], program_->slope_tables[at]);
  places_[at].rate_table = read_table(pass(index, program_->advanced_response ? slot::scratch : slot::rate),
                                      p[Signal::rate], program_->rate_tables[at]);
}

std::uint32_t ProgramReader::read_table(const isa::Pass& pass, const Format& out,
                                        ActivationTable& table) const {
  table.in = out;
  table.in.bits = pass.lookup.in_bits;
  table.in.is_signed = pass.lookup.in_signed;
  table.out = out;
  table.low_bits = pass.terms.low_bits;
  table.piecewise = pass.result.shift != 0;
  const auto first = static_cast<std::size_t>(pass.lookup.first_entry);
  const int index_bits = table.in.bits - table.low_bits;
  if (index_bits < 0 || index_bits > 16 || first + (std::size_t{1} << index_bits) > m_.table_base.size())
    refuse(fmt::format("a table of 2^{} entries from entry {}", index_bits, first));
  for (std::size_t n = first; n < first + (std::size_t{1} << index_bits); ++n) {
    table.base.push_back(m_.table_base[n]);
    if (table.piecewise) table.delta.push_back(m_.table_delta[n]);
  }
  return static_cast<std::uint32_t>(first);
}

}  // namespace apical::sim
