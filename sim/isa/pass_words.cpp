// SPDX-License-Identifier: Apache-2.0
// Descriptors and operations in the encoding of hw/ARCHITECTURE.md.
#include "sim/isa/pass_words.hpp"

#include <algorithm>

#include "fixedpoint/program/alignment.hpp"
#include "sim/isa/format_words.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

namespace {

// Beyond 7 bits a shift leaves nothing but signs, so that the ends of the field say the same.
int shift_field(int shift) {
  return std::clamp(shift, -127, 127);
}

// A pass while it is described.
struct Pass : isa::Pass {
  Format format;
  int shift = 0;

  PassWords words() const {
    PassWords w;
    w.pass = *this;
    put(w.pass, format);
    w.pass.result.shift = shift_field(shift);
    w.shift = shift;
    return w;
  }
};

void align(Pass& pass, const Population& p, int& frac) {
  frac = Alignment::finest(p);
  pass.align.basal = frac - p[Signal::basal].frac;
  pass.align.nudge = frac - p[Signal::nudge].frac;
  pass.align.mismatch = frac - p[Signal::mismatch].frac;
  pass.align.membrane = frac - p[Signal::membrane].frac;
}

void look_up(Pass& pass, const ActivationTable& table, std::uint32_t start, bool on_membrane) {
  pass.result.kind = kind::table;
  pass.lookup.first_entry = static_cast<int>(start);
  pass.terms.low_bits = table.low_bits;
  pass.lookup.in_bits = table.in.bits;
  pass.lookup.in_signed = table.in.is_signed;
  pass.lookup.on_membrane = on_membrane;
  pass.shift = table.exact_frac() - pass.format.frac;
}

void copy(Pass& pass, Signal from, const Population& population, std::uint32_t first_unit) {
  pass.result.kind = kind::relay;
  pass.terms.low_bits = static_cast<int>(from);
  pass.lookup.first_entry = static_cast<int>(first_unit);
  pass.shift = population[from].frac - pass.format.frac;
}

void describe_nudge(Pass& pass, const Program& program, const Population& p, bool is_last) {
  if (!is_last) {
    pass.result.kind = kind::nudge_slope;
    pass.shift = p[Signal::slope].frac + p[Signal::apical].frac - pass.format.frac;
    return;
  }
  const int frac = std::max(p[Signal::target].frac, p[Signal::u].frac);
  pass.result.kind = kind::nudge_target;
  pass.align.basal = frac - p[Signal::target].frac;
  pass.align.membrane = frac - p[Signal::u].frac;
  pass.shift = frac + program.beta_frac - pass.format.frac;
}

void describe_rate(Pass& pass, const Program& program, const Population& p, const ActivationTable& table,
                   std::uint32_t start) {
  if (!program.advanced_response) return look_up(pass, table, start, false);
  int frac = 0;
  align(pass, p, frac);
  const int product_frac = p[Signal::slope].frac + frac + rho_frac;
  const int common = std::max(product_frac, p[Signal::rate].frac);
  pass.result.kind = kind::advanced;
  pass.terms.use_nudge = program.gamma == 1;
  pass.align.up_addend = common - p[Signal::rate].frac;
  pass.terms.up_product = common - product_frac;
  pass.shift = common - pass.format.frac;
}

}  // namespace

bool carries(const Program& program, int population, Signal signal) {
  return signal == Signal::mismatch ? !program.decay.empty()
                                    : signal != Signal::target || population == program.output;
}

namespace {

// The sums that arrive through the first of several projections, which all have one binary point.
void sum(Pass& pass, int kind, const Projection& p, const Format& sent) {
  pass.result.kind = kind;
  pass.shift = p.weight.frac + sent.frac - pass.format.frac;
}

// Whether a slot copies from another population, or from another signal; then `pass` is complete.
bool copies(const Program& program, const Population& p, int number, const PassPlaces& places, Pass& pass) {
  if (p.compartment == Compartment::interneuron && number == slot::rate) {
    copy(pass, Signal::u, p, places.units);
    return true;
  }
  if (p.relayed < 0 || number != copying_slot(p.compartment)) return false;
  if (p.compartment == Compartment::dendrite) pass.format = p[Signal::rate];
  copy(pass, relayed_signal(p.compartment), program.populations[static_cast<std::size_t>(p.relayed)],
       places.relayed);
  return true;
}

}  // namespace

bool pass_words(const Program& program, int index, int number, const PassPlaces& places, PassWords& words) {
  const std::size_t at = static_cast<std::size_t>(index);
  const Population& p = program.populations[at];
  const bool is_output = index == program.output;
  const Signal signal = pass_of(number).signal;
  Pass pass;
  pass.result.memory = number == slot::scratch ? memory::scratch : static_cast<int>(signal);
  pass.format = p[signal];
  pass.terms.stream = static_cast<int>(stream_number(signal, index));
  if (index == 0) {
    if (number != slot::rate) return false;
    pass.result.kind = kind::input;
    words = pass.words();
    return true;
  }
  if (!has_pass(p.compartment, number)) return false;
  if (copies(program, p, number, places, pass)) {
    words = pass.words();
    return true;
  }
  // What only copies, and has nobody to copy from.
  if (p.compartment != Compartment::soma && number == copying_slot(p.compartment)) return false;
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
      pass.result.kind = kind::start_error;
      pass.shift = p[Signal::basal].frac - out.frac;
      break;
    case slot::u:
    case slot::membrane:
      align(pass, p, frac);
      pass.result.kind = number == slot::u ? kind::voltage : kind::membrane;
      pass.terms.use_nudge = program.gamma == 1;
      pass.align.up_addend = number == slot::u ? rho_frac : program.alpha_frac;
      pass.shift = frac + pass.align.up_addend - out.frac;
      break;
    case slot::slope:
      look_up(pass, program.slope_tables[at], places.slope_table, program.advanced_response);
      break;
    case slot::scratch:
      if (!program.advanced_response) return false;
      look_up(pass, program.rate_tables[at], places.rate_table, true);
      pass.terms.no_random = true;
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
      pass.result.kind = kind::copy_nudge;
      pass.shift = p[Signal::nudge].frac - out.frac;
      if (program.gamma == 0) break;
      align(pass, p, frac);
      pass.result.kind = kind::error;
      pass.terms.use_nudge = true;
      pass.align.up_addend = rho_frac;
      pass.shift = frac + rho_frac - out.frac;
      break;
    case slot::start_mismatch:
      align(pass, p, frac);
      pass.result.kind = kind::start_mismatch;
      pass.shift = frac - out.frac;
      break;
    case slot::mismatch:
      pass.result.kind = kind::decay;
      pass.shift = decay_frac;
      break;
    default:
      return false;
  }
  words = pass.words();
  return true;
}

bool runs(const Program& program, int population, int number) {
  if (number != slot::start_error && number != slot::start_mismatch && number != slot::mismatch) return true;
  return !program.decay.empty() ||
         program.populations[static_cast<std::size_t>(population)].compartment == Compartment::dendrite;
}

isa::Projection projection_words(const Program& program, int index, int lanes, const CoreImage& image) {
  const std::size_t at = static_cast<std::size_t>(index);
  const Projection& p = program.projections[at];
  Pass step;
  step.result.kind = kind::step;
  step.result.memory = memory::step;
  step.format = p.step;
  step.shift = p.eta_frac + learning_signal_format(program, p).frac - p.step.frac;
  step.terms.stream = static_cast<int>(stream_number(Signal::step, p.stream));
  isa::Projection words;
  words.step = step.words().pass;
  isa::Matrix& m = words.matrix;
  const auto place = [&](int population) {
    const auto end = static_cast<std::size_t>(population);
    return isa::Place{program.populations[end].units, static_cast<int>(image.first_unit[end]) / lanes};
  };
  m.source = place(p.source);
  m.target = place(p.target);
  m.first.word = image.first_block[at];
  m.walk.columns = (p.columns + lanes - 1) / lanes * lanes;
  m.walk.bias = p.bias;
  m.walk.learn_shift = shift_field(p.learn_shift);
  put(m, p.weight);
  m.weight.stream = static_cast<int>(stream_number(Signal::weight, p.stream));
  m.weight.decays = p.decay >= 0;
  m.weight.decay = std::max(p.decay, 0);
  m.one.value = static_cast<std::int32_t>(p.one);
  m.eta.value = static_cast<int>(eta_register(program, index, 1.0));
  return words;
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
  reg::Link link;
  link.projection = index;
  link.source = p.source;
  link.target = p.target;
  link.first_forward = first(OpCode::forward, &Projection::target);
  link.first_backward = first(OpCode::backward, &Projection::source);
  return link.encode();
}

namespace {

std::uint32_t word_of(int code, int index, std::uint32_t slots) {
  isa::Operation word;
  word.code = code;
  word.index = index;
  word.slots = static_cast<int>(slots);
  return word.encode();
}

}  // namespace

std::uint32_t update_word(int population, std::uint32_t slots) {
  return word_of(isa::op::update, population, slots);
}

std::uint32_t operation_word(const Program& program, const Operation& op) {
  if (op.code == OpCode::forward) return word_of(isa::op::forward, op.index, 0);
  if (op.code == OpCode::backward) return word_of(isa::op::backward, op.index, 0);
  if (op.code == OpCode::learn) return word_of(isa::op::learn, op.index, 0);
  return update_word(op.index, slots_of(program, op));
}

std::uint32_t slots_of(const Program& program, const Operation& op) {
  const Compartment compartment = program.populations[static_cast<std::size_t>(op.index)].compartment;
  return slots_where([&](int s) {
    if (s == slot::scratch && !program.advanced_response) return false;
    if (s == slot::apical && op.index == program.output) return false;
    return (pass_of(s).parts & op.parts) != 0 && has_pass(compartment, s);
  });
}

Listing listing(const Program& program) {
  Listing all;
  const auto add = [&](const Operation& op) {
    const std::uint32_t slots = op.code == OpCode::update ? slots_of(program, op) : 0;
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
