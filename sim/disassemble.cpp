#include "sim/disassemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "sim/core_map.hpp"
#include "sim/pass_words.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

CoreMemories::CoreMemories(const CoreParameters& c) {
  for (auto& memory : signals) memory.assign(static_cast<std::size_t>(c.units), 0);
  operations.assign(static_cast<std::size_t>(c.ops), 0);
  descriptors.assign(static_cast<std::size_t>(c.pops) * 64 + static_cast<std::size_t>(c.projs) * 16, 0);
  decay.assign(static_cast<std::size_t>(c.decay), 0);
  table_base.assign(static_cast<std::size_t>(c.table), 0);
  table_delta.assign(static_cast<std::size_t>(c.table), 0);
  weights.assign(static_cast<std::size_t>(c.depth) * static_cast<std::size_t>(c.lanes), 0);
  links.assign(static_cast<std::size_t>(c.projs), 0);
  always.assign(static_cast<std::size_t>(c.pops), 0);
}

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("not a program of the compiler: " + what);
}

// A field of a descriptor word.
std::uint32_t bits(std::uint32_t word, int first, int count) {
  return word >> first & ((1u << count) - 1);
}

class Reader {
 public:
  Reader(const CoreMemories& memories, const CoreParameters& core) : m_(memories), core_(core) {}

  Disassembly read() {
    read_operations(0);
    read_operations(m_.tick_operation);
    if (used_.empty() && projections_ == 0) return std::move(d_);  // nothing but END or a bad operation
    program_ = std::make_shared<Program>();
    program_->seed = m_.seed;
    read_links();
    const int populations = static_cast<int>(used_.size());
    program_->populations.resize(used_.size());
    program_->rate_tables.resize(used_.size());
    program_->slope_tables.resize(used_.size());
    program_->decay.assign(m_.decay.begin(),
                           m_.decay.begin() + std::min<std::ptrdiff_t>(m_.decay_length, core_.decay));
    places_.resize(used_.size());
    for (int p = 0; p < populations; ++p) read_units(p);
    for (int p = 1; p < populations; ++p) read_compartment(p);
    for (int p = 1; p < populations; ++p) read_points(p);
    for (int p = 1; p < populations; ++p) read_copies(p);
    for (int k = 0; k < projections_; ++k) read_projection(k);
    for (int k = projections_ - 1; k >= 0; --k) read_apical(k);
    for (int p = 1; p < populations; ++p) read_tables(p);
    d_.program = program_;
    program_->learning = false;
    for (CoreOperation& op : d_.operations) translate(op);
    for (std::size_t pc = 0; pc < d_.operations.size(); ++pc)
      if (d_.operations[pc].kind == CoreOperation::execute)
        (pc < m_.tick_operation ? program_->start : program_->operations)
            .push_back(d_.operations[pc].operation);
    for (int k = 0; k < projections_; ++k) check_projection(k);
    return std::move(d_);
  }

 private:
  std::uint32_t header(int p, int word) const {
    return m_.descriptors[static_cast<std::size_t>(p) * 64 + 60 + static_cast<std::size_t>(word)];
  }
  const std::uint32_t* pass(int p, int slot) const {
    return m_.descriptors.data() + std::ptrdiff_t{p} * 64 + std::ptrdiff_t{slot} * 4;
  }
  const std::uint32_t* matrix(int k) const {
    return m_.descriptors.data() + std::ptrdiff_t{core_.pops} * 64 + std::ptrdiff_t{k} * 16;
  }
  Format format(std::uint32_t word) const {
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
  // Eight bits in two's complement.
  static int signed_byte(std::uint32_t word, int first) {
    return static_cast<int>(bits(word, first, 8) ^ 0x80) - 0x80;
  }
  static int shift(std::uint32_t word) { return signed_byte(word, 20); }

  // Operations from one on to the END, or to one that a core stops at.
  void read_operations(std::uint32_t first) {
    for (std::size_t pc = first;; ++pc) {
      if (pc >= m_.operations.size()) refuse(fmt::format("a tick begins at operation {}", first));
      if (d_.operations.size() <= pc) d_.operations.resize(pc + 1);
      const std::uint32_t word = m_.operations[pc];
      const int code = static_cast<int>(bits(word, 0, 3)), index = static_cast<int>(bits(word, 3, 8));
      CoreOperation& op = d_.operations[pc];
      op.kind = CoreOperation::execute;
      op.operation.index = index;
      op.slots = bits(word, 16, 12);
      if (code == 0) op.kind = CoreOperation::end;
      if (code > 4 || index >= (code == 3 ? core_.pops : core_.projs) || pc + 1 == m_.operations.size())
        if (code != 0) op.kind = CoreOperation::bad;  // the last word can only be an END
      if (op.kind != CoreOperation::execute) return;
      static constexpr OpCode codes[] = {OpCode::forward, OpCode::forward, OpCode::backward, OpCode::update,
                                         OpCode::learn};
      op.operation.code = codes[code];
      if (code == 3) {
        used_.resize(std::max(used_.size(), static_cast<std::size_t>(index) + 1));
        used_[static_cast<std::size_t>(index)] |= op.slots;
      } else {
        projections_ = std::max(projections_, index + 1);
        if (code == 2) backward_.insert(index);
      }
    }
  }

  void read_links() {
    program_->projections.resize(static_cast<std::size_t>(projections_));
    for (int k = 0; k < projections_; ++k) {
      Projection& p = program_->projections[static_cast<std::size_t>(k)];
      const std::uint32_t link = m_.links[static_cast<std::size_t>(k)];
      p.name = fmt::format("W{}", k + 1);
      p.source = static_cast<int>(bits(link, 8, 8));
      p.target = static_cast<int>(bits(link, 16, 8));
      p.stream = k + 1;
      p.backward = backward_.count(k) != 0;
      if (p.target == 0 || std::max(p.source, p.target) >= core_.pops)
        refuse(fmt::format("LINK {:#x} of projection {}", link, k));
      used_.resize(std::max(used_.size(), static_cast<std::size_t>(std::max(p.source, p.target)) + 1));
    }
  }

  Population& population(int index) const { return program_->populations[static_cast<std::size_t>(index)]; }
  bool copies(int p, int slot) const {
    return (used_[static_cast<std::size_t>(p)] >> slot & 1) != 0 &&
           bits(pass(p, slot)[0], 0, 4) == static_cast<std::uint32_t>(kind::relay);
  }

  void read_units(int index) {
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
  void read_compartment(int index) {
    Population& p = population(index);
    const bool targeted =
        bits(pass(index, slot::nudge)[0], 0, 4) == static_cast<std::uint32_t>(kind::nudge_target);
    if ((used_[static_cast<std::size_t>(index)] >> slot::nudge & 1) != 0 && targeted)
      program_->output = index;
    int copied = slot::apical;
    if (copies(index, slot::membrane)) {
      p.compartment = Compartment::interneuron;
      copied = slot::membrane;
    } else if (copies(index, slot::rate)) {
      p.compartment = Compartment::relay;
      copied = slot::rate;
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
  void read_points(int index) {
    Population& p = population(index);
    if (p.compartment == Compartment::relay) return;
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
    const bool advanced =
        bits(pass(index, slot::rate)[0], 0, 4) == static_cast<std::uint32_t>(kind::advanced);
    if (index > 1 && advanced != program_->advanced_response)
      refuse("advanced responses in some populations only");
    program_->advanced_response = advanced;
    if (index != program_->output) return;
    const std::uint32_t* const nudge = pass(index, slot::nudge);
    p[Signal::target].frac =
        shift(nudge[0]) + p[Signal::nudge].frac - beta_frac - static_cast<int>(bits(nudge[1], 0, 6));
    if (advanced)
      p[Signal::slope].frac = static_cast<int>(bits(pass(index, slot::rate)[1], 24, 6)) -
                              static_cast<int>(bits(pass(index, slot::rate)[2], 12, 6)) - rho_frac;
  }

  // What a population copies ties its binary points to those of another one.
  void read_copies(int index) {
    Population& p = population(index);
    if (p.relayed < 0) return;
    const Population& from = population(p.relayed);
    const int frac = from[relayed_signal(from)].frac;
    if (p.compartment == Compartment::relay) {
      p[Signal::rate].frac = frac - shift(pass(index, slot::rate)[0]);
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

  void read_slope(int index) {
    Population& p = population(index);
    p[Signal::slope].frac =
        shift(pass(index, slot::nudge)[0]) + p[Signal::nudge].frac - p[Signal::apical].frac;
  }

  void read_projection(int k) {
    const std::uint32_t* const word = matrix(k);
    Projection& p = program_->projections[static_cast<std::size_t>(k)];
    const Population& source = population(p.source);
    const Population& target = population(p.target);
    p.rows = target.units;
    p.bias = bits(word[7], 20, 1) != 0;
    p.columns = source.units + (p.bias ? 1 : 0);
    p.weight.bits = static_cast<int>(bits(word[8], 0, 6));
    if (p.weight.bits < 1 || p.weight.bits > core_.ww)
      refuse(fmt::format("weights {} have {} bits", k, p.weight.bits));
    p.weight.is_signed = bits(word[8], 6, 1) != 0;
    p.weight.rounding = static_cast<Rounding>(bits(word[8], 7, 3));
    p.weight.overflow = static_cast<Overflow>(bits(word[8], 10, 2));
    p.weight.frac =
        shift(pass(p.target, slot::basal)[0]) + target[Signal::basal].frac - source[Signal::rate].frac;
    p.step = format(word[0]);
    p.learn_shift = signed_byte(word[7], 24);
    p.step.frac = p.learn_shift + p.weight.frac - source[Signal::rate].frac;
    p.eta_frac = shift(word[0]) + p.step.frac - target[Signal::error].frac;
    p.eta_dt = std::ldexp(static_cast<double>(bits(word[10], 0, 16)), -p.eta_frac);
    p.one =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(word[9]) << (64 - core_.sw)) >> (64 - core_.sw);
    d_.image.first_block.push_back(word[6]);
    d_.image.eta_word.push_back(static_cast<std::uint32_t>(core_.pops * 64 + k * 16 + 10));
  }

  // Binary points of the errors that come back; of several projections the first one counts, read last.
  void read_apical(int k) {
    const Projection& p = program_->projections[static_cast<std::size_t>(k)];
    if (!p.backward) return;
    population(p.source)[Signal::apical].frac =
        p.weight.frac + population(p.target)[Signal::error].frac - shift(pass(p.source, slot::apical)[0]);
    read_slope(p.source);
  }

  void read_tables(int index) {
    const auto at = static_cast<std::size_t>(index);
    const Population& p = program_->populations[at];
    if (p.compartment != Compartment::soma) return;
    places_[at].slope_table =
        read_table(pass(index, slot::slope), p[Signal::slope], program_->slope_tables[at]);
    places_[at].rate_table = read_table(pass(index, program_->advanced_response ? slot::scratch : slot::rate),
                                        p[Signal::rate], program_->rate_tables[at]);
  }

  std::uint32_t read_table(const std::uint32_t* word, const Format& out, ActivationTable& table) const {
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

  // Parts of an UPDATE instead of slots; nothing to do for other codes but to look whether it can be.
  void translate(CoreOperation& op) const {
    if (op.kind != CoreOperation::execute) return;
    const int index = op.operation.index;
    if (op.operation.code == OpCode::backward && index == 0) refuse("BACKWARD to the input");
    program_->learning |= op.operation.code == OpCode::learn;
    if (op.operation.code != OpCode::update) return;
    if (index == 0) refuse("UPDATE of the input");
    for (int s = 0; s < slot::count; ++s)
      if (op.slots >> s & 1) check_pass(index, s);
    if (op.slots == 1u << slot::mismatch) {
      op.kind = CoreOperation::decay;
      return;
    }
    // In these the order of the parts is that of the slots.
    constexpr int usual = part::basal | part::soma | part::error | part::membrane;
    for (int parts = 1; parts < 2 * part::voltage; ++parts) {
      if ((parts & ~usual) != 0 && parts != part::start_mismatch && parts != part::voltage &&
          (parts & ~part::basal) != part::start_error)
        continue;
      op.operation.parts = parts;
      if (operation_word(*program_, op.operation) == update_word(index, op.slots)) return;
    }
    refuse(fmt::format("UPDATE {} of slots {:#x}", index, op.slots));
  }

  void check_pass(int index, int number) const {
    const auto at = static_cast<std::size_t>(index);
    PassWords expected;
    if (!pass_words(*program_, index, number, places_[at], expected) ||
        !std::equal(expected.word.begin(), expected.word.end(), pass(index, number)))
      refuse(fmt::format("the descriptor of population {}, slot {}", index, number));
    if (expected.random && (m_.always[at] >> number & 1) == 0)
      refuse(fmt::format("slot {} of population {} rounds stochastically, but not ALWAYS", number, index));
    if (copies(index, number) && (m_.always[at] >> number & 1) == 0)
      refuse(fmt::format("slot {} of population {} copies, but not ALWAYS", number, index));
  }

  void check_projection(int k) {
    Projection& p = program_->projections[static_cast<std::size_t>(k)];
    const auto expected = matrix_words(*program_, k, core_.lanes, d_.image);
    if (!std::equal(expected.begin(), expected.end() - 1, matrix(k)))
      refuse(fmt::format("the descriptor of projection {}", k));
    const std::uint32_t link = m_.links[static_cast<std::size_t>(k)];
    if (link != link_word(*program_, k))
      refuse(fmt::format("LINK {:#x}, where its operations make it {:#x}", link, link_word(*program_, k)));
    for (int row = 0; row < p.rows; ++row)
      for (int column = 0; column < p.columns; ++column) {
        const std::uint32_t address = weight_address(d_.image, *program_, core_.lanes, k, row, column);
        if (address >= m_.weights.size())
          refuse(fmt::format("weights of projection {} beyond the memory", k));
        const std::int64_t raw = m_.weights[address];
        if (raw < p.weight.minimum_raw() || raw > p.weight.maximum_raw())
          refuse(
              fmt::format("weight [{}][{}] of projection {} is {}, beyond its format", row, column, k, raw));
        p.image.push_back(raw);
      }
  }

  const CoreMemories& m_;
  const CoreParameters& core_;
  Disassembly d_;
  std::shared_ptr<Program> program_;
  std::vector<PassPlaces> places_;
  std::vector<std::uint32_t> used_;  ///< by population: slots of its UPDATEs
  std::set<int> backward_;           ///< projections with a BACKWARD
  int projections_ = 0;
};

}  // namespace

Disassembly disassemble(const CoreMemories& memories, const CoreParameters& core) {
  return Reader(memories, core).read();
}

}  // namespace apical::sim
