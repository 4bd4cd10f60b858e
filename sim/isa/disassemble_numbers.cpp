// What descriptors say of formats, binary points and tables.
#include <algorithm>
#include <cmath>

#include "sim/isa/disassemble_reader.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

Format ProgramReader::format(std::uint32_t word) const {
  Format f;
  f.bits = static_cast<int>(bits(word, 8, 6));
  f.is_signed = bits(word, 14, 1) != 0;
  // Of a pass that nobody runs; one that does is compared with its descriptor below.
  if (f.bits < 1 || f.bits + (f.is_signed ? 0 : 1) > core_.sw) {
    f.bits = core_.sw;
    f.is_signed = true;
  }
  f.rounding = static_cast<Rounding>(bits(word, 15, 3));
  f.overflow = static_cast<Overflow>(bits(word, 18, 2));
  f.frac = 0;
  return f;
}

void ProgramReader::read_units(int index) {
  Population& p = population(index);
  p.name = index == 0 ? "input" : fmt::format("layer{}", index);
  p.units = static_cast<int>(bits(header(index, 0), 0, 16));
  const std::uint32_t first = bits(header(index, 0), 16, 16) * static_cast<std::uint32_t>(core_.lanes);
  if (p.units < 1 || first + static_cast<std::uint32_t>(p.units) > static_cast<std::uint32_t>(core_.units))
    refuse(fmt::format("population {} has units {}..{} of {}", index, first,
                       first + static_cast<std::uint32_t>(p.units), core_.units));
  d_.first_unit.push_back(first);
  d_.image.first_unit.push_back(first);
  places_[static_cast<std::size_t>(index)].units = first;
  const std::uint32_t mask = core_.sw >= 32 ? ~0u : (1u << core_.sw) - 1;
  p.theta_rate = header(index, 1) & mask;
  p.theta_error = header(index, 2) & mask;
  p[Signal::rate] = format(pass(index, slot::rate)[0]);
  if (index == 0) return;
  static constexpr std::pair<Signal, int> written[] = {
      {Signal::basal, slot::basal},       {Signal::apical, slot::apical},    {Signal::u, slot::u},
      {Signal::slope, slot::slope},       {Signal::nudge, slot::nudge},      {Signal::error, slot::error},
      {Signal::mismatch, slot::mismatch}, {Signal::membrane, slot::membrane}};
  for (const auto& [signal, number] : written) p[signal] = format(pass(index, number)[0]);
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
  const bool targeted =
      bits(pass(index, slot::nudge)[0], 0, 4) == static_cast<std::uint32_t>(kind::nudge_target);
  if ((used_[static_cast<std::size_t>(index)] >> slot::nudge & 1) != 0 && targeted) program_->output = index;
  int copied = slot::apical;
  if (copies(index, slot::membrane)) {
    p.compartment = Compartment::interneuron;
    copied = slot::membrane;
  } else if (copies(index, slot::rate)) {
    const bool errors = bits(pass(index, slot::rate)[2], 18, 5) == static_cast<std::uint32_t>(memory::error);
    p.compartment = errors ? Compartment::error_relay : Compartment::relay;
    copied = slot::rate;
  } else if (copies(index, slot::error)) {
    p.compartment = Compartment::dendrite;
    p[Signal::rate] = format(pass(index, slot::error)[0]);
    copied = slot::error;
  } else if (!copies(index, slot::apical)) {
    return;
  }
  const std::uint32_t first = bits(pass(index, copied)[3], 0, 16);
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
  dendrite[Signal::error] = format(pass(p.relayed, slot::start_error)[0]);
}

// Binary points of a population by themselves: that of the drive is 0, that of a rate is 0, too, and
// matrices make up for it.
void ProgramReader::read_points(int index) {
  Population& p = population(index);
  if (p.compartment == Compartment::relay || p.compartment == Compartment::error_relay) return;
  if (p.compartment == Compartment::dendrite) {
    p[Signal::error].frac = -shift(pass(index, slot::start_error)[0]);
    return;
  }
  const std::uint32_t* const voltage = pass(index, slot::u);
  const bool nudged = bits(voltage[2], 23, 1) != 0;
  if (index > 1 && nudged != (program_->gamma == 1)) refuse("use_nudge in some populations only");
  program_->gamma = nudged ? 1 : 0;
  const auto down = [&](int first_bit) { return -static_cast<int>(bits(voltage[1], first_bit, 6)); };
  p[Signal::basal].frac = down(0);
  p[Signal::nudge].frac = down(6);
  p[Signal::mismatch].frac = down(12);
  p[Signal::membrane].frac = down(18);
  p[Signal::u].frac = rho_frac - shift(voltage[0]);
  const int error_shift = shift(pass(index, slot::error)[0]);
  p[Signal::error].frac = nudged ? rho_frac - error_shift : p[Signal::nudge].frac - error_shift;
  if (p.compartment != Compartment::soma) return;
  const bool advanced = bits(pass(index, slot::rate)[0], 0, 4) == static_cast<std::uint32_t>(kind::advanced);
  if (index > 1 && advanced != program_->advanced_response)
    refuse("advanced responses in some populations only");
  program_->advanced_response = advanced;
  if (index != program_->output) return;
  const std::uint32_t* const nudge = pass(index, slot::nudge);
  p[Signal::target].frac =
      shift(nudge[0]) + p[Signal::nudge].frac - program_->beta_frac - static_cast<int>(bits(nudge[1], 0, 6));
  if (advanced)
    p[Signal::slope].frac = static_cast<int>(bits(pass(index, slot::rate)[1], 24, 6)) -
                            static_cast<int>(bits(pass(index, slot::rate)[2], 12, 6)) - rho_frac;
}

// What a population copies ties its binary points to those of another one.
void ProgramReader::read_copies(int index) {
  Population& p = population(index);
  if (p.relayed < 0) return;
  const Population& from = population(p.relayed);
  const int frac = from[relayed_signal(p.compartment)].frac;
  if (p.compartment == Compartment::relay || p.compartment == Compartment::error_relay) {
    p[Signal::rate].frac = frac - shift(pass(index, slot::rate)[0]);
  } else if (p.compartment == Compartment::dendrite) {
    p[Signal::rate].frac = frac - shift(pass(index, slot::error)[0]);
  } else if (p.compartment == Compartment::interneuron) {
    const int drive = frac - shift(pass(index, slot::membrane)[0]) - p[Signal::membrane].frac;
    for (const Signal s :
         {Signal::basal, Signal::nudge, Signal::mismatch, Signal::membrane, Signal::u, Signal::error})
      p[s].frac += drive;
    p[Signal::rate].frac = p[Signal::u].frac - shift(pass(index, slot::rate)[0]);
  } else {
    p[Signal::apical].frac = frac - shift(pass(index, slot::apical)[0]);
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
      const std::uint32_t* const rate = pass(p.source, slot::rate);
      const int product = static_cast<int>(bits(rate[1], 24, 6)) - static_cast<int>(bits(rate[2], 12, 6));
      const int weight =
          shift(pass(p.target, slot::basal)[0]) + to[Signal::basal].frac - from[Signal::rate].frac;
      const int slope = shift(pass(p.source, slot::nudge)[0]) + from[Signal::nudge].frac - weight -
                        to[Signal::error].frac + shift(pass(p.source, slot::apical)[0]);
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
  p[Signal::slope].frac = shift(pass(index, slot::nudge)[0]) + p[Signal::nudge].frac - p[Signal::apical].frac;
}

void ProgramReader::read_projection(int k) {
  const std::uint32_t* const word = matrix(k);
  Projection& p = program_->projections[static_cast<std::size_t>(k)];
  const Population& source = population(p.source);
  const Population& target = population(p.target);
  p.rows = target.units;
  p.bias = bits(word[7], 20, 1) != 0;
  p.columns = source.units + (p.bias ? 1 : 0);
  p.weight.bits = static_cast<int>(bits(word[8], 0, 6));
  p.weight.is_signed = bits(word[8], 6, 1) != 0;
  if (p.weight.bits < 1 || p.weight.bits + (p.weight.is_signed ? 0 : 1) > core_.ww)
    refuse(fmt::format("weights {} have {} bits", k, p.weight.bits));
  p.weight.rounding = static_cast<Rounding>(bits(word[8], 7, 3));
  p.weight.overflow = static_cast<Overflow>(bits(word[8], 10, 2));
  // Weights at the same place are the same weights.
  const auto& blocks = d_.image.first_block;
  const auto holder = std::find(blocks.begin(), blocks.end(), word[6]);
  if (holder != blocks.end()) p.shares = static_cast<int>(holder - blocks.begin());
  p.weight.frac = p.shares < 0 ? shift(pass(p.target, slot::basal)[0]) + target[Signal::basal].frac -
                                     source[Signal::rate].frac
                               : program_->projections[static_cast<std::size_t>(p.shares)].weight.frac;
  p.step = format(word[0]);
  p.learn_shift = signed_byte(word[7], 24);
  p.decay = bits(word[8], 29, 1) != 0 ? static_cast<int>(bits(word[8], 24, 5)) : -1;
  p.step.frac = p.learn_shift + p.weight.frac - source[Signal::rate].frac;
  p.eta_frac = shift(word[0]) + p.step.frac - taught_format(*program_, p).frac;
  p.eta_dt = std::ldexp(static_cast<double>(bits(word[10], 0, 16)), -p.eta_frac);
  p.one =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(word[9]) << (64 - core_.sw)) >> (64 - core_.sw);
  d_.image.first_block.push_back(word[6]);
  d_.image.eta_word.push_back(static_cast<std::uint32_t>(core_.pops * 64 + k * 16 + 10));
}

// Binary points of the errors that come back; of several projections the first one counts, read last.
void ProgramReader::read_apical(int k) {
  const Projection& p = program_->projections[static_cast<std::size_t>(k)];
  if (!p.backward) return;
  population(p.source)[Signal::apical].frac =
      p.weight.frac + population(p.target)[Signal::error].frac - shift(pass(p.source, slot::apical)[0]);
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

std::uint32_t ProgramReader::read_table(const std::uint32_t* word, const Format& out,
                                        ActivationTable& table) const {
  table.in = out;
  table.in.bits = static_cast<int>(bits(word[3], 16, 6));
  table.in.is_signed = bits(word[3], 22, 1) != 0;
  table.out = out;
  table.low_bits = static_cast<int>(bits(word[2], 18, 5));
  table.piecewise = shift(word[0]) != 0;
  const std::size_t first = bits(word[3], 0, 16);
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
