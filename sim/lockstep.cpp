#include "sim/lockstep.hpp"

#include <fmt/format.h>

namespace apical::sim {

using fixedpoint::OpCode;
using fixedpoint::Operation;
using fixedpoint::Program;
using fixedpoint::Signal;
namespace part = fixedpoint::part;

namespace {

// The parts of UPDATE that write a field; 0: the host or the start of a tick does.
int written_by(int field) {
  switch (field) {
    case static_cast<int>(Signal::basal):
      return part::basal;
    case static_cast<int>(Signal::u):
    case static_cast<int>(Signal::rate):
    case static_cast<int>(Signal::slope):
    case 11:
      return part::soma;
    case static_cast<int>(Signal::apical):
    case static_cast<int>(Signal::nudge):
    case static_cast<int>(Signal::error):
    case 12:
      return part::error;
    case static_cast<int>(Signal::membrane):
      return part::membrane;
    default:
      return 0;
  }
}

// The operations of a tick up to the one that `last` accepts.
template <class Last>
std::vector<std::string> operations_until(const Program& program, Last last) {
  std::vector<std::string> names;
  for (const Operation& op : program.operations) {
    names.push_back(fixedpoint::describe(program, op));
    if (last(op)) break;
  }
  return names;
}

std::optional<Difference> compare_signals(IntegerMachine& reference, IntegerMachine& machine) {
  const Program& program = reference.program();
  // In the order in which a tick writes them, so that a cause is named before its consequences.
  static constexpr int order[] = {9, 10, 8, 0, 2, 5, 4, 11, 1, 6, 7, 12, 3};
  for (int layer = 0; layer < static_cast<int>(program.populations.size()); ++layer)
    for (const int field : order) {
      const std::vector<std::int64_t> expected = reference.read(layer, field),
                                      found = machine.read(layer, field);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        if (expected[i] == found[i]) continue;
        Difference d;
        d.where = program.populations[static_cast<std::size_t>(layer)].name;
        d.signal = field_name(field);
        d.layer = layer;
        d.row = static_cast<int>(i);
        d.expected = expected[i];
        d.found = found[i];
        d.format = field_format(program, layer, field);
        const int parts = written_by(field);
        if (parts != 0 && layer > 0)
          d.operations = operations_until(program, [&](const Operation& op) {
            return op.code == OpCode::update && op.index == layer && (op.parts & parts) != 0;
          });
        return d;
      }
    }
  return std::nullopt;
}

std::optional<Difference> compare_weights(IntegerMachine& reference, IntegerMachine& machine) {
  const Program& program = reference.program();
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k) {
    const std::vector<std::int64_t> expected = reference.weights(k), found = machine.weights(k);
    if (expected == found) continue;
    const fixedpoint::Projection& p = program.projections[static_cast<std::size_t>(k)];
    std::size_t at = 0;
    while (expected[at] == found[at]) ++at;
    Difference d;
    d.where = p.name;
    d.signal = "weight";
    d.layer = p.target;
    d.row = static_cast<int>(at) / p.columns;
    d.column = static_cast<int>(at) % p.columns;
    d.expected = expected[at];
    d.found = found[at];
    d.format = p.weight;
    d.operations = operations_until(
        program, [&](const Operation& op) { return op.code == OpCode::learn && op.index == k; });
    return d;
  }
  return std::nullopt;
}

std::string hexadecimal(std::int64_t value, int bits) {
  const std::uint64_t mask = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  return fmt::format("0x{:0{}x}", static_cast<std::uint64_t>(value) & mask, (bits + 3) / 4);
}

}  // namespace

void advance(IntegerMachine& machine, const TickStimulus& s) {
  if (s.learning_scale) machine.set_learning_scale(*s.learning_scale);
  if (s.input) machine.write_input(*s.input);
  if (s.target) machine.write_target(*s.target);
  if (s.beta != machine.beta()) machine.set_beta(s.beta);
  machine.tick();
}

std::optional<Difference> compare(IntegerMachine& reference, IntegerMachine& machine) {
  auto difference = compare_signals(reference, machine);
  if (!difference) difference = compare_weights(reference, machine);
  if (!difference) return std::nullopt;
  difference->machine = machine.name();
  difference->reference = reference.name();
  difference->tick = reference.ticks() - 1;
  return difference;
}

std::optional<Difference> run_lockstep(const std::vector<IntegerMachine*>& machines, const Stimulus& stimulus,
                                       std::uint64_t ticks,
                                       const std::function<void(std::uint64_t)>& progress) {
  for (std::uint64_t t = 0; t < ticks; ++t) {
    const TickStimulus s = stimulus();
    for (IntegerMachine* machine : machines) advance(*machine, s);
    for (std::size_t i = 1; i < machines.size(); ++i)
      if (auto difference = compare(*machines[i - 1], *machines[i])) return difference;
    progress(t + 1);
  }
  return std::nullopt;
}

std::string describe(const Difference& d) {
  const std::string place = d.column < 0 ? fmt::format("{} of unit {} of {}", d.signal, d.row, d.where)
                                         : fmt::format("{}[{}][{}]", d.where, d.row, d.column);
  const std::uint64_t parted = static_cast<std::uint64_t>(d.expected ^ d.found);
  std::string bits;
  for (int bit = 0; bit < d.format.bits + (d.format.is_signed ? 0 : 1); ++bit)
    if ((parted >> bit) & 1) bits += fmt::format("{}{}", bits.empty() ? "" : ", ", bit);
  std::string text = fmt::format(
      "{} parts from {} in tick {}: {}\n"
      "  {:<10} {}  {} = {:.10g}\n"
      "  {:<10} {}  {} = {:.10g}\n"
      "  bits       {}\n",
      d.machine, d.reference, d.tick, place, d.reference, hexadecimal(d.expected, d.format.bits), d.expected,
      d.format.value(d.expected), d.machine, hexadecimal(d.found, d.format.bits), d.found,
      d.format.value(d.found), bits.empty() ? "beyond the format" : bits);
  if (d.operations.empty()) return text + "  written by the host, or at the start of a tick\n";
  const std::size_t first = d.operations.size() > 4 ? d.operations.size() - 4 : 0;
  for (std::size_t i = first; i < d.operations.size(); ++i)
    text +=
        fmt::format("  {} {}\n", i + 1 == d.operations.size() ? "written by" : "after     ", d.operations[i]);
  return text;
}

}  // namespace apical::sim
