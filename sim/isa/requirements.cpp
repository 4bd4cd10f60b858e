// SPDX-License-Identifier: Apache-2.0
// What a program needs of a core.
#include "sim/isa/requirements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "fixedpoint/program/width_proof.hpp"
#include "sim/isa/core_limits.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/isa/format_words.hpp"
#include "sim/isa/pass_words.hpp"
#include "sim/isa/table_plan.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

namespace {

int power_of_two(int value) {
  int power = 1;
  while (power < value) power *= 2;
  return power;
}

int signed_bits(const Format& f) {
  return f.bits + (f.is_signed ? 0 : 1);
}

// Two's-complement bits that hold the value.
int bits_for(std::int64_t value) {
  int bits = 1;
  for (std::uint64_t rest = static_cast<std::uint64_t>(value < 0 ? ~value : value); rest != 0; rest >>= 1)
    ++bits;
  return bits;
}

void widen(int& width, int bits) {
  width = std::max(width, bits);
}

void widen_for_population(CoreParameters& c, const Program& program, int index) {
  const Population& p = program.populations[static_cast<std::size_t>(index)];
  for (std::size_t s = 0; s < neuron_signals; ++s)
    if (carries(program, index, static_cast<Signal>(s))) widen(c.sw, signed_bits(p.formats[s]));
  if (p.compartment == Compartment::dendrite) widen(c.dw, bits_of(bound_of(p[Signal::basal])));
  if (p.compartment != Compartment::soma && p.compartment != Compartment::interneuron) return;
  Bound away = bound_of(p[Signal::basal]);
  for_each_signal(drive_signals & ~set_of(Signal::basal), [&](Signal s) {
    const bool is_zero = s == Signal::mismatch && program.decay.empty();
    away = away + (is_zero ? Bound{0, p[s].frac} : bound_of(p[s]));
  });
  widen(c.dw, bits_of(away));
  if (index == program.output) widen(c.dw, bits_of(bound_of(p[Signal::target]) + bound_of(p[Signal::u])));
}

void widen_for_table(CoreParameters& c, const ActivationTable& table) {
  for (std::size_t i = 0; i < table.base.size(); ++i) {
    const std::int64_t delta = table.piecewise ? table.delta[i] : 0;
    widen(c.base, bits_for(table.base[i]));
    widen(c.delta, bits_for(delta));
    widen(c.ew, bits_for(table.base[i]) + table.low_bits);
    widen(c.ew, bits_for(table.base[i] + delta) + table.low_bits);
  }
}

// Every parameter of which more is never too much.
constexpr std::pair<const char*, int CoreParameters::*> sizes[] = {
    {"SW", &CoreParameters::sw},
    {"WW", &CoreParameters::ww},
    {"AW", &CoreParameters::aw},
    {"DW", &CoreParameters::dw},
    {"EW", &CoreParameters::ew},
    {"LW", &CoreParameters::lw},
    {"UNITS", &CoreParameters::units},
    {"DEPTH", &CoreParameters::depth},
    {"POPS", &CoreParameters::pops},
    {"PROJS", &CoreParameters::projs},
    {"OPS", &CoreParameters::ops},
    {"TABLE", &CoreParameters::table},
    {"BASE", &CoreParameters::base},
    {"DELTA", &CoreParameters::delta},
    {"DECAY", &CoreParameters::decay},
    {"ADVANCED", &CoreParameters::advanced},
    {"MISMATCH", &CoreParameters::mismatch},
    {"RELAYS", &CoreParameters::relays},
    {"WEIGHT_DECAY", &CoreParameters::weight_decay},
    {"RANDOM", &CoreParameters::random},
    {"LEVELS", &CoreParameters::levels},
    {"LEFT", &CoreParameters::left},
    {"ALIGN", &CoreParameters::align}};

// Those that have to be what the program needs.
constexpr std::pair<const char*, int CoreParameters::*> exact[] = {
    {"LANES", &CoreParameters::lanes},
    {"FIXED", &CoreParameters::fixed},
    {"ALPHA_FRAC", &CoreParameters::alpha_frac}};

// What a quantiser's shift needs.
void widen_for_shift(CoreParameters& c, int shift) {
  if (shift < 0) c.left = 1;
  widen(c.levels, bits_for(std::abs(shift)) - 1);
}

// `format`: a word that has one.
template <class Word>
bool is_fixed(const Word& format, int width) {
  return format.bits == width && format.signed_format && format.overflow == isa::overflow::sat;
}

}  // namespace

void widen_for_pass(CoreParameters& c, const isa::Pass& pass) {
  widen_for_shift(c, pass.result.shift);
  if (!is_fixed(pass.result, c.sw)) c.fixed = 0;
  for (const int shift : {pass.align.basal, pass.align.nudge, pass.align.mismatch, pass.align.membrane})
    widen(c.align, bits_for(shift) - 1);
  if (pass.result.kind == kind::table && (pass.lookup.in_bits != c.sw || !pass.lookup.in_signed)) c.fixed = 0;
  widen(c.random, random_level(pass));
}

namespace {

void widen_for_descriptors(CoreParameters& c, const Program& program) {
  c.fixed = 1;
  for (std::size_t p = 0; p < program.populations.size(); ++p)
    for (int s = 0; s < slot::count; ++s) {
      PassWords words;
      if (runs(program, static_cast<int>(p), s) && pass_words(program, static_cast<int>(p), s, {}, words))
        widen_for_pass(c, words.pass);
    }
  CoreImage nowhere;
  nowhere.first_unit.resize(program.populations.size());
  nowhere.first_block.resize(program.projections.size());
  for (std::size_t k = 0; k < program.projections.size(); ++k) {
    const isa::Projection words = projection_words(program, static_cast<int>(k), c.lanes, nowhere);
    widen_for_pass(c, words.step);
    widen(c.random, random_level(words.matrix));
    widen_for_shift(c, words.matrix.walk.learn_shift);
    if (!is_fixed(words.matrix.weight, c.ww)) c.fixed = 0;
  }
}

void refuse_unless(bool fits, const char* parameter, long long needed, long long has) {
  if (!fits)
    throw std::invalid_argument(
        fmt::format("the program needs {} = {}, the core has {}", parameter, needed, has));
}

}  // namespace

std::vector<std::string> CoreParameters::arguments() const {
  std::vector<std::string> text;
  for (const auto& [name, member] : exact) text.push_back(fmt::format("-G{}={}", name, this->*member));
  for (const auto& [name, member] : sizes) text.push_back(fmt::format("-G{}={}", name, this->*member));
  return text;
}

CoreParameters parameters_from(const std::map<std::string, int>& values) {
  CoreParameters c;
  const auto read = [&](const char* name, int CoreParameters::*member) {
    const auto found = values.find(name);
    if (found == values.end()) throw std::invalid_argument(fmt::format("no parameter {}", name));
    c.*member = found->second;
  };
  for (const auto& [name, member] : exact) read(name, member);
  for (const auto& [name, member] : sizes) read(name, member);
  return c;
}

CoreParameters named_core(const std::string& file, const std::string& name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(name + " ", 0) != 0) continue;
    std::istringstream words(line.substr(name.size()));
    std::map<std::string, int> values;
    for (std::string word; words >> word;)
      values[word.substr(0, word.find('='))] = std::stoi(word.substr(word.find('=') + 1));
    return parameters_from(values);
  }
  throw std::invalid_argument(fmt::format("{}: no core {}", file, name));
}

CoreParameters required_parameters(const Program& program, int lanes) {
  check_core_limits(program, lanes);
  CoreParameters c;
  c.lanes = lanes;
  c.pops = static_cast<int>(program.populations.size());
  c.projs = static_cast<int>(program.projections.size());
  c.alpha_frac = program.alpha_frac;
  c.advanced = program.advanced_response;
  c.mismatch = !program.decay.empty();
  c.relays = std::any_of(program.populations.begin(), program.populations.end(),
                         [](const Population& p) { return p.relayed >= 0; });
  c.weight_decay = std::any_of(program.projections.begin(), program.projections.end(),
                               [](const Projection& p) { return p.decay >= 0; });
  int units = 0;
  for (std::size_t p = 0; p < program.populations.size(); ++p) {
    units += round_up(program.populations[p].units, lanes);
    if (p == 0) {
      widen(c.sw, signed_bits(program.populations[0][Signal::rate]));
      continue;
    }
    widen_for_population(c, program, static_cast<int>(p));
    if (program.populations[p].compartment != Compartment::soma) continue;
    widen_for_table(c, program.rate_tables[p]);
    widen_for_table(c, program.slope_tables[p]);
  }
  int words = 0;
  for (const Projection& p : program.projections) {
    words += padded_words(p, lanes);
    widen(c.ww, signed_bits(p.weight));
    widen(c.sw, signed_bits(p.step));
  }
  for (const WidthProof& proof : program.proofs) {
    widen(is_sum(proof) ? c.aw : proof.kind == Intermediate::weight_change ? c.lw : c.ew, proof.bits);
  }
  c.ew = std::max({c.ew, c.aw, c.dw + 1});
  c.lw = std::max(c.lw, c.sw + std::max(c.sw, c.ww) + 1);
  widen_for_descriptors(c, program);
  c.units = power_of_two(std::max(units, 2 * lanes));
  c.depth = std::max(words, 2 * lanes);
  c.table = static_cast<int>(std::max(2u, TablePlan(program).words));
  c.ops = power_of_two(
      static_cast<int>(program.start.size() + program.populations.size() + program.operations.size() + 1));
  c.decay = std::max(2, power_of_two(static_cast<int>(program.decay.size())));
  return c;
}

CoreParameters join(const CoreParameters& a, const CoreParameters& b) {
  if (a.lanes != b.lanes) throw std::invalid_argument("cores with different lanes");
  CoreParameters c = a;
  for (const auto& [name, member] : sizes) c.*member = std::max(c.*member, b.*member);
  if (a.alpha_frac != b.alpha_frac) c.advanced = 1;
  c.fixed = a.fixed && b.fixed && a.sw == b.sw && a.ww == b.ww;
  return c;
}

std::uint32_t parameters_register(const CoreParameters& c) {
  int unit_bits = 0;
  while (1 << unit_bits < c.units) ++unit_bits;
  reg::Parameters word;
  word.lanes = c.lanes;
  word.signal_width = c.sw;
  word.weight_width = c.ww;
  word.unit_bits = unit_bits;
  return word.encode();
}

void check_fits(const Program& program, const CoreParameters& core) {
  const CoreParameters need = required_parameters(program, core.lanes);
  for (const auto& [name, member] : sizes)
    refuse_unless(need.*member <= core.*member, name, need.*member, core.*member);
  refuse_unless(!core.fixed || (need.fixed && need.sw == core.sw && need.ww == core.ww), "FIXED", 0, 1);
  refuse_unless(core.advanced != 0 || need.alpha_frac == core.alpha_frac, "ALPHA_FRAC", need.alpha_frac,
                core.alpha_frac);
}

}  // namespace apical::sim
