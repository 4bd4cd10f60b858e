// Descriptors and operations in the encoding of hw/ARCHITECTURE.md.
#include "sim/isa/pass_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "sim/isa/core_map.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

namespace {

std::uint32_t field(int value, int bits, const char* what) {
  if (value < 0 || value >= (1 << bits))
    throw std::invalid_argument(
        fmt::format("the core's descriptors hold {} of 0..{}, not {}", what, (1 << bits) - 1, value));
  return static_cast<std::uint32_t>(value);
}

// Beyond 7 bits a shift leaves nothing but signs, so that the ends of the field say the same.
std::uint32_t shift_field(int shift) {
  return static_cast<std::uint32_t>(std::clamp(shift, -127, 127)) & 0xff;
}

// Everything a descriptor says, in the order of its words.
struct Pass {
  int kind = 0, dest = 0;
  Format format;
  int shift = 0;
  int align0 = 0, align1 = 0, align2 = 0, align3 = 0, up_addend = 0;
  std::uint32_t stream = 0;
  int up_product = 0, low_bits = 0;
  bool use_nudge = false, no_random = false;
  std::uint32_t table = 0;
  Format in;
  bool on_membrane = false;

  PassWords encode() const {
    PassWords w;
    w.word[0] = field(kind, 4, "kind") | field(dest, 4, "memory") << 4 | field(format.bits, 6, "bits") << 8 |
                static_cast<std::uint32_t>(format.is_signed) << 14 |
                static_cast<std::uint32_t>(format.rounding) << 15 |
                static_cast<std::uint32_t>(format.overflow) << 18 | shift_field(shift) << 20;
    w.word[1] = field(align0, 6, "alignment") | field(align1, 6, "alignment") << 6 |
                field(align2, 6, "alignment") << 12 | field(align3, 6, "alignment") << 18 |
                field(up_addend, 6, "alignment") << 24;
    w.word[2] = stream | field(up_product, 6, "alignment") << 12 | field(low_bits, 5, "low_bits") << 18 |
                static_cast<std::uint32_t>(use_nudge) << 23 | static_cast<std::uint32_t>(no_random) << 24;
    w.word[3] = table | field(in.bits, 6, "bits") << 16 | static_cast<std::uint32_t>(in.is_signed) << 22 |
                static_cast<std::uint32_t>(on_membrane) << 23;
    w.random = format.rounding == Rounding::stochastic && !no_random;
    w.shift = shift;
    return w;
  }
};

void align(Pass& pass, const Population& p, int& frac) {
  frac = std::max(
      {p[Signal::basal].frac, p[Signal::nudge].frac, p[Signal::mismatch].frac, p[Signal::membrane].frac});
  pass.align0 = frac - p[Signal::basal].frac;
  pass.align1 = frac - p[Signal::nudge].frac;
  pass.align2 = frac - p[Signal::mismatch].frac;
  pass.align3 = frac - p[Signal::membrane].frac;
}

void look_up(Pass& pass, const ActivationTable& table, std::uint32_t start, bool on_membrane) {
  pass.kind = kind::table;
  pass.table = start;
  pass.low_bits = table.low_bits;
  pass.in = table.in;
  pass.on_membrane = on_membrane;
  pass.shift = table.exact_frac() - pass.format.frac;
}

void copy(Pass& pass, Signal from, const Population& population, std::uint32_t first_unit) {
  pass.kind = kind::relay;
  pass.low_bits = static_cast<int>(from);
  pass.table = field(static_cast<int>(first_unit), 16, "units to copy from");
  pass.shift = population[from].frac - pass.format.frac;
}

void describe_nudge(Pass& pass, const Program& program, const Population& p, bool is_last) {
  if (!is_last) {
    pass.kind = kind::nudge_slope;
    pass.shift = p[Signal::slope].frac + p[Signal::apical].frac - pass.format.frac;
    return;
  }
  const int frac = std::max(p[Signal::target].frac, p[Signal::u].frac);
  pass.kind = kind::nudge_target;
  pass.align0 = frac - p[Signal::target].frac;
  pass.align3 = frac - p[Signal::u].frac;
  pass.shift = frac + program.beta_frac - pass.format.frac;
}

void describe_rate(Pass& pass, const Program& program, const Population& p, const ActivationTable& table,
                   std::uint32_t start) {
  if (!program.advanced_response) return look_up(pass, table, start, false);
  int frac = 0;
  align(pass, p, frac);
  const int product_frac = p[Signal::slope].frac + frac + rho_frac;
  const int common = std::max(product_frac, p[Signal::rate].frac);
  pass.kind = kind::advanced;
  pass.use_nudge = program.gamma == 1;
  pass.up_addend = common - p[Signal::rate].frac;
  pass.up_product = common - product_frac;
  pass.shift = common - pass.format.frac;
}

}  // namespace

Signal written_by_slot(int number) {
  static constexpr Signal signals[slot::count] = {
      Signal::basal,  Signal::error, Signal::u,     Signal::slope,    Signal::rate,     Signal::rate,
      Signal::apical, Signal::nudge, Signal::error, Signal::mismatch, Signal::membrane, Signal::mismatch};
  return signals[number];
}

bool carries(const Program& program, int population, Signal signal) {
  return signal == Signal::mismatch ? !program.decay.empty()
                                    : signal != Signal::target || population == program.output;
}

namespace {

// The sums that arrive through the first of several projections, which all have one binary point.
void sum(Pass& pass, int kind, const Projection& p, const Format& sent) {
  pass.kind = kind;
  pass.shift = p.weight.frac + sent.frac - pass.format.frac;
}

// Slots in which a population copies from another one, or never runs; true if `pass` is complete.
bool compartment_pass(const Program& program, const Population& p, int number, const PassPlaces& places,
                      Pass& pass, bool& runs) {
  const auto copies = [&] {
    if (p.relayed < 0) return false;
    const Population& from = program.populations[static_cast<std::size_t>(p.relayed)];
    copy(pass, relayed_signal(p.compartment), from, places.relayed);
    return runs = true;
  };
  switch (p.compartment) {
    case Compartment::soma:
      return number == slot::apical && copies();
    case Compartment::relay:
    case Compartment::error_relay:
      return number == slot::rate && copies();
    case Compartment::dendrite:
      if (number == slot::error) {
        pass.format = p[Signal::rate];
        return copies();
      }
      runs = number == slot::basal || number == slot::start_error;
      return false;
    case Compartment::interneuron:
      runs = number == slot::basal || number == slot::u || number == slot::error;
      if (number == slot::membrane) return copies();
      if (number != slot::rate) return false;
      copy(pass, Signal::u, p, places.units);
      return runs = true;
  }
  return false;
}

}  // namespace

bool pass_words(const Program& program, int index, int number, const PassPlaces& places, PassWords& words) {
  const std::size_t at = static_cast<std::size_t>(index);
  const Population& p = program.populations[at];
  const bool is_output = index == program.output;
  const Signal signal = written_by_slot(number);
  Pass pass;
  pass.dest = number == slot::scratch ? memory::scratch : static_cast<int>(signal);
  pass.format = p[signal];
  pass.stream = stream_number(signal, index);
  if (index == 0) {
    if (number != slot::rate) return false;
    pass.kind = kind::input;
    words = pass.encode();
    return true;
  }
  bool runs = p.compartment == Compartment::soma;
  if (compartment_pass(program, p, number, places, pass, runs)) {
    words = pass.encode();
    return true;
  }
  if (!runs) return false;
  const Format& out = pass.format;
  const auto projection = [&](int k) -> const Projection& {
    return program.projections[static_cast<std::size_t>(k)];
  };
  int frac = 0;
  switch (number) {
    case slot::basal: {
      const std::vector<int> into = forwards_into(program, index);
      if (into.empty()) return false;
      const Projection& first = projection(into.front());
      sum(pass, kind::acc_basal, first,
          program.populations[static_cast<std::size_t>(first.source)][Signal::rate]);
      break;
    }
    case slot::start_error:
      pass.kind = kind::start_error;
      pass.shift = p[Signal::basal].frac - out.frac;
      break;
    case slot::u:
    case slot::membrane:
      align(pass, p, frac);
      pass.kind = number == slot::u ? kind::voltage : kind::membrane;
      pass.use_nudge = program.gamma == 1;
      pass.up_addend = number == slot::u ? rho_frac : program.alpha_frac;
      pass.shift = frac + pass.up_addend - out.frac;
      break;
    case slot::slope:
      look_up(pass, program.slope_tables[at], places.slope_table, program.advanced_response);
      break;
    case slot::scratch:
      if (!program.advanced_response) return false;
      look_up(pass, program.rate_tables[at], places.rate_table, true);
      pass.no_random = true;
      break;
    case slot::rate:
      describe_rate(pass, program, p, program.rate_tables[at], places.rate_table);
      break;
    case slot::apical: {
      const std::vector<int> back = backwards_into(program, index);
      if (is_output || back.empty()) return false;
      const Projection& first = projection(back.front());
      sum(pass, kind::acc_apical, first,
          program.populations[static_cast<std::size_t>(first.target)][Signal::error]);
      break;
    }
    case slot::nudge:
      describe_nudge(pass, program, p, is_output);
      break;
    case slot::error:
      pass.kind = kind::copy_nudge;
      pass.shift = p[Signal::nudge].frac - out.frac;
      if (program.gamma == 0) break;
      align(pass, p, frac);
      pass.kind = kind::error;
      pass.use_nudge = true;
      pass.up_addend = rho_frac;
      pass.shift = frac + rho_frac - out.frac;
      break;
    case slot::start_mismatch:
      align(pass, p, frac);
      pass.kind = kind::start_mismatch;
      pass.shift = frac - out.frac;
      break;
    case slot::mismatch:
      pass.kind = kind::decay;
      pass.shift = decay_frac;
      break;
    default:
      return false;
  }
  words = pass.encode();
  return true;
}

bool runs(const Program& program, int population, int number) {
  if (number != slot::start_error && number != slot::start_mismatch && number != slot::mismatch) return true;
  return !program.decay.empty() ||
         program.populations[static_cast<std::size_t>(population)].compartment == Compartment::dendrite;
}

std::array<std::uint32_t, 11> matrix_words(const Program& program, int index, int lanes,
                                           const CoreImage& image) {
  const std::size_t at = static_cast<std::size_t>(index);
  const Projection& p = program.projections[at];
  const std::size_t source = static_cast<std::size_t>(p.source);
  const std::size_t target = static_cast<std::size_t>(p.target);
  const std::uint32_t width = static_cast<std::uint32_t>(lanes);
  Pass step;
  step.kind = kind::step;
  step.dest = memory::step;
  step.format = p.step;
  step.shift = p.eta_frac + taught_format(program, p).frac - p.step.frac;
  step.stream = stream_number(Signal::step, p.stream);
  const PassWords words = step.encode();
  std::array<std::uint32_t, 11> all{};
  std::copy(words.word.begin(), words.word.end(), all.begin());
  const int stride = (p.columns + lanes - 1) / lanes * lanes;
  all[4] = static_cast<std::uint32_t>(program.populations[source].units) | image.first_unit[source] / width
                                                                               << 16;
  all[5] = static_cast<std::uint32_t>(program.populations[target].units) | image.first_unit[target] / width
                                                                               << 16;
  all[6] = image.first_block[at];
  all[7] = field(stride, 20, "columns") | static_cast<std::uint32_t>(p.bias) << 20 |
           shift_field(p.learn_shift) << 24;
  all[8] = field(p.weight.bits, 6, "bits") | static_cast<std::uint32_t>(p.weight.is_signed) << 6 |
           static_cast<std::uint32_t>(p.weight.rounding) << 7 |
           static_cast<std::uint32_t>(p.weight.overflow) << 10 |
           stream_number(Signal::weight, p.stream) << 12;
  if (p.decay >= 0) all[8] |= 1u << 29 | field(p.decay, 5, "decay") << 24;
  all[9] = static_cast<std::uint32_t>(p.one);
  all[10] = eta_register(program, index, 1.0);
  return all;
}

std::uint32_t link_word(const Program& program, int index) {
  const Projection& p = program.projections[static_cast<std::size_t>(index)];
  // Of those that add to the same sums, the one whose operation comes first.
  const auto first = [&](OpCode code, int Projection::*end) {
    for (const Operation& op : program.operations)
      if (op.code == code && program.projections[static_cast<std::size_t>(op.index)].*end == p.*end)
        return op.index == index;
    return true;
  };
  return static_cast<std::uint32_t>(index) | static_cast<std::uint32_t>(p.source) << 8 |
         static_cast<std::uint32_t>(p.target) << 16 |
         static_cast<std::uint32_t>(first(OpCode::forward, &Projection::target)) << 24 |
         static_cast<std::uint32_t>(first(OpCode::backward, &Projection::source)) << 25;
}

std::uint32_t update_word(int population, std::uint32_t slots) {
  return 3u | static_cast<std::uint32_t>(population) << 3 | slots << 16;
}

std::uint32_t operation_word(const Program& program, const Operation& op) {
  const std::uint32_t index = static_cast<std::uint32_t>(op.index);
  if (op.code == OpCode::forward) return 1u | index << 3;
  if (op.code == OpCode::backward) return 2u | index << 3;
  if (op.code == OpCode::learn) return 4u | index << 3;
  const Compartment compartment = program.populations[index].compartment;
  const bool soma = compartment == Compartment::soma;
  const std::uint32_t nudge =
      !soma ? 0 : 1u << slot::nudge | (op.index == program.output ? 0 : 1u << slot::apical);
  std::uint32_t slots = 0;
  if (op.parts & part::basal) slots |= 1u << slot::basal;
  if (op.parts & part::soma) {
    slots |= 1u << slot::rate;
    if (soma || compartment == Compartment::interneuron) slots |= 1u << slot::u;
    if (soma) slots |= 1u << slot::slope | (program.advanced_response ? 1u << slot::scratch : 0);
  }
  if (op.parts & part::voltage) slots |= 1u << slot::u;
  if (op.parts & part::error) slots |= nudge | 1u << slot::error;
  if (op.parts & part::membrane) slots |= 1u << slot::membrane;
  if (op.parts & part::start_error) slots |= 1u << slot::start_error;
  if (op.parts & part::start_mismatch) slots |= nudge | 1u << slot::start_mismatch;
  return update_word(op.index, slots);
}

Listing listing(const Program& program) {
  Listing all;
  const auto add = [&](const Operation& op) {
    const std::uint32_t slots = op.code == OpCode::update ? operation_word(program, op) >> 16 : 0;
    all.operations.push_back({op, false, slots});
  };
  for (const Operation& op : program.start) add(op);
  all.start = all.operations.size();
  if (!program.decay.empty())
    for (int p = 1; p < static_cast<int>(program.populations.size()); ++p)
      all.operations.push_back({{OpCode::update, p}, true, 1u << slot::mismatch});
  for (const Operation& op : program.operations) add(op);
  return all;
}

}  // namespace apical::sim
