// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/retiring_emulator.hpp"

#include <algorithm>

#include "fixedpoint/numeric/counter_random.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/isa/format_words.hpp"
#include "sim/verify/writing_order.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

namespace {

constexpr int single_parts[] = {part::basal,       part::soma,           part::error,  part::membrane,
                                part::start_error, part::start_mismatch, part::voltage};

std::uint32_t row_key_of(const Program& program, std::uint32_t tick, std::uint32_t stream, int row) {
  return row_key(program.seed, tick, stream, static_cast<std::uint32_t>(row));
}

}  // namespace

RetiringEmulator::RetiringEmulator(std::string name, const std::shared_ptr<const Program>& program,
                                   EmulatorOptions options)
    : EmulatorIntegers(std::move(name), program, options),
      listing_(listing(*program)),
      before_(neuron_signals) {
  for (int k = 0; k < static_cast<int>(program->projections.size()); ++k) weights_.push_back(weights(k));
}

void RetiringEmulator::write_input(const std::vector<std::int64_t>& raw) {
  remember(0, 1u << slot::rate);
  EmulatorIntegers::write_input(raw);
  Listed input;
  input.operation = {OpCode::update, 0};
  tell_passes(Write::host, input, 1u << slot::rate);
}

void RetiringEmulator::tick() {
  Emulator& e = emulator();
  for (std::size_t number = ticks() == 0 ? 0 : listing_.start; number < listing_.operations.size();
       ++number) {
    const Listed& one = listing_.operations[number];
    const auto at = static_cast<int>(number);
    if (one.decay) {
      remember(one.operation.index, one.slots);
      e.decay_mismatch(one.operation.index);
      tell_passes(at, one, one.slots);
    } else if (one.operation.code == OpCode::update) {
      update(at, one);
    } else {
      e.execute(one.operation);
      if (one.operation.code == OpCode::learn && e.observed().steps) learn(at, one.operation.index);
    }
  }
  e.end_tick();
  told_.swap(writes_);
  writes_.clear();
}

// One part after the other, so that no signal is written twice between two looks at it.
void RetiringEmulator::update(int number, const Listed& one) {
  const std::size_t first = writes_.size();
  for (const int part : single_parts) {
    if ((one.operation.parts & part) == 0) continue;
    const Operation alone{OpCode::update, one.operation.index, part};
    const std::uint32_t slots = slots_of(program(), alone);
    remember(one.operation.index, slots);
    emulator().execute(alone);
    tell_passes(number, one, slots);
  }
  // A core runs its passes in the order of their slots, whichever part they are of.
  const auto order = [&](const Write& w) { return place_of(listing_, w); };
  std::stable_sort(writes_.begin() + static_cast<std::ptrdiff_t>(first), writes_.end(),
                   [&](const Write& a, const Write& b) { return order(a) < order(b); });
}

void RetiringEmulator::remember(int layer, std::uint32_t slots) {
  for (int s = 0; s < slot::count; ++s) {
    if ((slots >> s & 1) == 0) continue;
    const Signal signal = pass_of(s).signal;
    const auto& values = emulator().signal(signal, layer);
    before_[static_cast<std::size_t>(signal)].assign(values.begin(), values.end());
  }
}

void RetiringEmulator::tell_passes(int number, const Listed& one, std::uint32_t slots) {
  const int layer = one.operation.index;
  for (int s = 0; s < slot::count; ++s) {
    if ((slots >> s & 1) == 0 || s == slot::scratch) continue;
    const Signal signal = pass_of(s).signal;
    const auto& before = before_[static_cast<std::size_t>(signal)];
    const auto& now = emulator().signal(signal, layer);
    PassWords words;
    const bool random =
        number != Write::host && pass_words(program(), layer, s, {}, words) && random_level(words.pass) != 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i] == before[i]) continue;
      Write w;
      w.operation = number;
      w.layer = layer;
      w.signal = static_cast<int>(signal);
      w.row = static_cast<int>(i);
      w.old_value = before[i];
      w.new_value = now[i];
      w.tick = ticks();
      if (random) w.random = random16(row_key_of(program(), ticks(), stream_number(signal, layer), w.row), 0);
      writes_.push_back(w);
    }
  }
}

void RetiringEmulator::learn(int number, int projection) {
  const Projection& p = program().projections[static_cast<std::size_t>(projection)];
  std::vector<std::int64_t>& known = weights_[static_cast<std::size_t>(holder_of(program(), projection))];
  const WeightMemory& memory = emulator().weights(projection);
  Write w;
  w.operation = number;
  w.projection = projection;
  w.tick = ticks();
  for (w.row = 0; w.row < p.rows; ++w.row)
    for (w.column = 0; w.column < p.columns; ++w.column) {
      std::int64_t& told = known[static_cast<std::size_t>(w.row) * static_cast<std::size_t>(p.columns) +
                                 static_cast<std::size_t>(w.column)];
      w.old_value = told;
      w.new_value = memory.at(w.row, w.column);
      if (w.old_value == w.new_value) continue;
      told = w.new_value;
      if (p.weight.rounding == Rounding::stochastic)
        w.random = random16(row_key_of(program(), ticks(), stream_number(Signal::weight, p.stream), w.row),
                            static_cast<std::uint32_t>(w.column));
      writes_.push_back(w);
    }
}

}  // namespace apical::sim
