#include "sim/isa/image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "fixedpoint/program/width_proof.hpp"
#include "sim/isa/core_limits.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/isa/pass_words.hpp"
#include "sim/isa/table_plan.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

namespace {

int round_up(int value, int unit) {
  return (value + unit - 1) / unit * unit;
}

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

bool starts_with(const std::string& text, const char* prefix) {
  return text.rfind(prefix, 0) == 0;
}

void widen_for_population(CoreParameters& c, const Program& program, int index) {
  const Population& p = program.populations[static_cast<std::size_t>(index)];
  for (std::size_t s = 0; s < neuron_signals; ++s)
    if (carries(program, index, static_cast<Signal>(s))) widen(c.sw, signed_bits(p.formats[s]));
  if (p.compartment == Compartment::dendrite) widen(c.dw, bits_of(bound_of(p[Signal::basal])));
  if (p.compartment != Compartment::soma && p.compartment != Compartment::interneuron) return;
  const Bound away =
      bound_of(p[Signal::basal]) + bound_of(p[Signal::nudge]) +
      (program.decay.empty() ? Bound{0, p[Signal::mismatch].frac} : bound_of(p[Signal::mismatch])) +
      bound_of(p[Signal::membrane]);
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

// Of the weights that a projection holds.
int padded_words(const Projection& p, int lanes) {
  if (p.shares >= 0) return 0;
  return round_up(p.rows, lanes) * (round_up(p.columns, lanes) / lanes);
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

void widen_for_pass(CoreParameters& c, const isa::Pass& pass, bool random) {
  widen_for_shift(c, pass.result.shift);
  if (!is_fixed(pass.result, c.sw)) c.fixed = 0;
  for (const int shift : {pass.align.basal, pass.align.nudge, pass.align.mismatch, pass.align.membrane})
    widen(c.align, bits_for(shift) - 1);
  if (pass.result.kind == kind::table && (pass.lookup.in_bits != c.sw || !pass.lookup.in_signed)) c.fixed = 0;
  if (random) c.random = 1;
}

namespace {

void widen_for_descriptors(CoreParameters& c, const Program& program) {
  c.fixed = 1;
  for (std::size_t p = 0; p < program.populations.size(); ++p)
    for (int s = 0; s < slot::count; ++s) {
      PassWords words;
      if (runs(program, static_cast<int>(p), s) && pass_words(program, static_cast<int>(p), s, {}, words))
        widen_for_pass(c, words.pass, words.random);
    }
  CoreImage nowhere;
  nowhere.first_unit.resize(program.populations.size());
  nowhere.first_block.resize(program.projections.size());
  for (std::size_t k = 0; k < program.projections.size(); ++k) {
    const isa::Projection words = projection_words(program, static_cast<int>(k), c.lanes, nowhere);
    widen_for_pass(c, words.step, program.projections[k].step.rounding == Rounding::stochastic);
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
    const bool sum = starts_with(proof.name, "accumulator");
    const bool change = starts_with(proof.name, "step x rate") || starts_with(proof.name, "weight + change");
    widen(sum ? c.aw : change ? c.lw : c.ew, proof.bits);
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

std::uint32_t eta_register(const Program& program, int projection, double factor) {
  const Projection& p = program.projections[static_cast<std::size_t>(projection)];
  return static_cast<std::uint32_t>(fixedpoint::to_register(p.eta_dt * factor, p.eta_frac, eta_bits));
}

std::uint32_t weight_address(const CoreImage& image, const Program& program, int lanes, int projection,
                             int row, int column) {
  const Projection& p = program.projections[static_cast<std::size_t>(projection)];
  const int blocks = round_up(p.columns, lanes) / lanes;
  const std::uint32_t word =
      image.first_block[static_cast<std::size_t>(projection)] +
      static_cast<std::uint32_t>((row / lanes * blocks + column / lanes) * lanes + row % lanes);
  return word * static_cast<std::uint32_t>(lanes) + static_cast<std::uint32_t>((row + column) % lanes);
}

CoreImage assemble(const Program& program, const CoreParameters& core) {
  const CoreParameters need = required_parameters(program, core.lanes);
  for (const auto& [name, member] : sizes)
    refuse_unless(need.*member <= core.*member, name, need.*member, core.*member);
  refuse_unless(!core.fixed || (need.fixed && need.sw == core.sw && need.ww == core.ww), "FIXED", 0, 1);
  refuse_unless(core.advanced != 0 || need.alpha_frac == core.alpha_frac, "ALPHA_FRAC", need.alpha_frac,
                core.alpha_frac);

  CoreImage image;
  std::uint32_t unit = 0;
  for (const Population& p : program.populations) {
    image.first_unit.push_back(unit);
    unit += static_cast<std::uint32_t>(round_up(p.units, core.lanes));
  }
  std::uint32_t word = 0;
  for (const Projection& p : program.projections) {
    image.first_block.push_back(p.shares < 0 ? word : image.first_block[static_cast<std::size_t>(p.shares)]);
    word += static_cast<std::uint32_t>(padded_words(p, core.lanes));
  }
  const TablePlan tables(program);
  const auto put = [&](int select, std::uint32_t address, std::int64_t value) {
    image.memory.push_back({select, address, value});
  };
  const auto put_all = [&](std::uint32_t address, const auto& words) {
    for (const std::uint32_t w : words) put(window::descriptors, address++, w);
  };
  for (std::size_t i = 0; i < tables.tables.size(); ++i)
    for (std::size_t n = 0; n < tables.tables[i]->base.size(); ++n) {
      const std::uint32_t address = tables.start[i] + static_cast<std::uint32_t>(n);
      put(window::table_base, address, tables.tables[i]->base[n]);
      put(window::table_delta, address, tables.tables[i]->piecewise ? tables.tables[i]->delta[n] : 0);
    }
  for (std::size_t n = 0; n < program.decay.size(); ++n)
    put(window::decay, static_cast<std::uint32_t>(n), program.decay[n]);

  // Populations.
  for (std::size_t p = 0; p < program.populations.size(); ++p) {
    const Population& population = program.populations[p];
    isa::Header header;
    header.place = {population.units, static_cast<int>(image.first_unit[p]) / core.lanes};
    // The core looks at as many bits as a signal has, by which nothing moves more than by all of them.
    const std::int64_t most = (std::int64_t{1} << core.sw) - 1;
    header.theta_rate.value = static_cast<std::uint32_t>(std::min(population.theta_rate, most));
    header.theta_error.value = static_cast<std::uint32_t>(std::min(population.theta_error, most));
    put_all(header_address(static_cast<int>(p)), header.encode());
    std::uint32_t slots = passes_of_every_tick;
    for (int s = 0; s < slot::count; ++s) {
      PassWords words;
      const PassPlaces places{
          tables.rate[p], tables.slope[p], image.first_unit[p],
          population.relayed < 0 ? 0 : image.first_unit[static_cast<std::size_t>(population.relayed)]};
      if (!pass_words(program, static_cast<int>(p), s, places, words)) continue;
      put_all(pass_address(static_cast<int>(p), s), words.pass.encode());
      // Nobody tells a population that what it copies has moved.
      if (words.random || words.pass.result.kind == kind::relay) slots |= 1u << s;
    }
    reg::Always always;
    always.population = static_cast<int>(p);
    always.slots = static_cast<int>(slots);
    image.registers.push_back({reg::always, always.encode()});
    if (p == 0) continue;
    const bool soma = population.compartment == Compartment::soma;
    const std::int64_t rest = soma ? program.rate_tables[p].lookup(0) : 0;
    const std::int64_t slope = soma ? program.slope_tables[p].lookup(0) : 0;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(population.units); ++i) {
      const std::uint32_t address = image.first_unit[p] + i;
      put(memory::rate, address, rest);
      put(memory::sent_rate, address, rest);
      put(memory::slope, address, slope);
      put(memory::rho, address, population.rho[i]);
      put(memory::alpha, address, population.alpha[i]);
    }
  }

  // Projections.
  for (std::size_t k = 0; k < program.projections.size(); ++k) {
    const Projection& p = program.projections[k];
    put_all(projection_address(core.pops, static_cast<int>(k)),
            projection_words(program, static_cast<int>(k), core.lanes, image).encode());
    image.eta_word.push_back(eta_address(core.pops, static_cast<int>(k)));
    image.registers.push_back({reg::link, link_word(program, static_cast<int>(k))});
    if (p.shares >= 0) continue;
    // Lanes read whole blocks: what pads them must be a number, though nobody uses the result.
    for (int row = 0; row < round_up(p.rows, core.lanes); ++row)
      for (int column = 0; column < round_up(p.columns, core.lanes); ++column) {
        const bool real = row < p.rows && column < p.columns;
        put(window::weights, weight_address(image, program, core.lanes, static_cast<int>(k), row, column),
            real ? p.image[static_cast<std::size_t>(row) * static_cast<std::size_t>(p.columns) +
                           static_cast<std::size_t>(column)]
                 : 0);
      }
  }

  const Listing code = listing(program);
  image.registers.push_back({reg::tick_operation, static_cast<std::uint32_t>(code.start)});
  std::uint32_t pc = 0;
  for (const Listed& one : code.operations)
    put(window::operations, pc++,
        one.decay ? update_word(one.operation.index, one.slots) : operation_word(program, one.operation));
  put(window::operations, pc, isa::Operation{isa::op::end}.encode());
  image.registers.push_back({reg::decay_length, static_cast<std::uint32_t>(program.decay.size())});
  image.registers.push_back({reg::seed, program.seed});
  // Hosts name a word only where it doesn't follow the last one.
  std::sort(image.memory.begin(), image.memory.end(), [](const CoreWrite& a, const CoreWrite& b) {
    return std::pair(a.select, a.address) < std::pair(b.select, b.address);
  });
  return image;
}

}  // namespace apical::sim
