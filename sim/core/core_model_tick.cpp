// SPDX-License-Identifier: Apache-2.0
// A tick of the core model: the emulator executes it, and the flags and the cost model follow what it does.
#include <algorithm>
#include <stdexcept>

#include "sim/core/core_model.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::sim {

using fixedpoint::LayerState;
using fixedpoint::OpCode;
using fixedpoint::Program;
using fixedpoint::Projection;

namespace {

int groups_of(int extent, int lanes) {
  return (extent + lanes - 1) / lanes;
}

// Calls visit(field of LayerState, memory of the core) for each.
template <class State, class Visit>
void for_each_field(State& state, Visit visit) {
  for (std::size_t s = 0; s < fixedpoint::neuron_signals; ++s) visit(state.signals[s], static_cast<int>(s));
  visit(state.first_mismatch, memory::first_mismatch);
  visit(state.sent_rate, memory::sent_rate);
  visit(state.sent_error, memory::sent_error);
}

}  // namespace

// Makes an emulator of what the memories hold; false where no program is in them that it can execute.
bool CoreModel::prepare() {
  trouble_.clear();
  if (emulator_) return true;
  try {
    code_ = disassemble(memories_, core_);
    if (!code_.program) return true;
    const Program& program = *code_.program;
    auto emulator = std::make_unique<fixedpoint::Emulator>(code_.program, options_);
    for (std::size_t p = 0; p < program.populations.size(); ++p) {
      LayerState state = emulator->state(static_cast<int>(p));
      for_each_field(state, [&](auto& values, int memory) {
        const fixedpoint::Format& format = field_format(program, static_cast<int>(p), memory);
        for (std::size_t i = 0; i < values.size(); ++i) {
          values[i] = memories_.signals[memory][code_.first_unit[p] + i];
          if (p > 0 && memory != memory::target &&
              (values[i] < format.minimum_raw() || values[i] > format.maximum_raw()))
            throw std::invalid_argument("unit " + std::to_string(code_.first_unit[p] + i) + " of memory " +
                                        std::to_string(memory) + " holds a value beyond its format");
        }
      });
      emulator->restore(static_cast<int>(p), state);
    }
    emulator->restore_ticks(tick_);
    emulator->set_beta_register(beta_);
    for (int k = 0; k < static_cast<int>(program.projections.size()); ++k)
      emulator->set_eta_register(k, memories_.descriptors[code_.image.eta_word[static_cast<std::size_t>(k)]] &
                                        isa::MatrixEta::value_mask);
    emulator_ = std::move(emulator);
    return true;
  } catch (const std::invalid_argument& error) {
    trouble_ = error.what();
    return false;
  }
}

// Brings the state back to the memories, for a host that changes what only they hold.
void CoreModel::evict() {
  if (!emulator_) return;
  const Program& program = *code_.program;
  for (std::size_t p = 0; p < program.populations.size(); ++p)
    for_each_field(emulator_->state(static_cast<int>(p)), [&](const auto& values, int memory) {
      std::copy(values.begin(), values.end(), memories_.signals[memory].begin() + code_.first_unit[p]);
    });
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k) {
    const Projection& p = program.projections[static_cast<std::size_t>(k)];
    for (int row = 0; row < p.rows; ++row)
      for (int column = 0; column < p.columns; ++column)
        memories_.weights[weight_address(code_.image, program, core_.lanes, k, row, column)] =
            emulator_->weights(k).at(row, column);
  }
  emulator_.reset();
}

void CoreModel::tick(std::uint64_t clock) {
  begins_ = clock + 1;
  running_ = true;
  good_ = false;
  pending_ = {};
  std::uint64_t now = std::max(begins_, neuron_free_) + clocks::start;
  if (!prepare()) {
    ends_ = now + clocks::operation;
    return;
  }
  const std::uint64_t next = std::uint64_t{tick_} + 1;
  const std::uint32_t factor =
      core_.mismatch != 0 && next < memories_.decay_length && next < memories_.decay.size()
          ? memories_.decay[next]
          : 0;
  if (factor != 0 || factor_ != 0) flags_.decays();
  factor_ = factor;
  for (int number = tick_ == 0 ? 0 : static_cast<int>(memories_.tick_operation);; ++number) {
    OperationRecord record;
    record.tick = tick_;
    record.number = number;
    record.operation = code_.operations[static_cast<std::size_t>(number)];
    record.begin = now;
    record.clocks = clocks::operation;
    const bool goes_on = execute(number, record);
    now += record.clocks;
    pending_.lane_cycles += static_cast<std::uint32_t>(record.lane_clocks);
    pending_.events += static_cast<std::uint32_t>(record.events);
    for (const auto& listener : listeners_) listener(record);
    if (!goes_on) break;
  }
  ends_ = now;
  if (good_ && emulator_) emulator_->end_tick();
}

// False where the tick ends.
bool CoreModel::execute(int number, OperationRecord& record) {
  const CoreOperation& op = code_.operations[static_cast<std::size_t>(number)];
  switch (op.kind) {
    case CoreOperation::end:
      good_ = true;
      return false;
    case CoreOperation::bad:
      header_ = -1;
      input_ready_ = false;
      return false;
    case CoreOperation::decay:
      emulator_->decay_mismatch(op.operation.index);
      update(op, record);
      return true;
    case CoreOperation::execute:
      break;
  }
  emulator_->execute(op.operation);
  if (op.operation.code == OpCode::update) update(op, record);
  if (op.operation.code == OpCode::forward) forward(op, record);
  if (op.operation.code == OpCode::backward) backward(op, record);
  if (op.operation.code == OpCode::learn) learn(op, record);
  return true;
}

void CoreModel::update(const CoreOperation& op, OperationRecord& record) {
  const int index = op.operation.index;
  if ((op.slots & flags_.stale(index)) == 0) {
    record.skipped = true;
    return;
  }
  const fixedpoint::Observation& seen = emulator_->observed();
  const int units = code_.program->populations[static_cast<std::size_t>(index)].units;
  if (header_ != index) record.clocks += clocks::header;
  header_ = index;
  for (int s = 0; s < slot::count; ++s) {
    if ((op.slots & flags_.stale(index) & 1u << s) == 0) continue;
    input_ready_ = false;
    record.passes |= 1u << s;
    record.clocks += clocks::pass + static_cast<std::uint64_t>(units);
    const bool error = s == slot::error || s == slot::start_error;
    if (error || s == slot::rate) {
      const int sent = error ? seen.errors : seen.rates;
      record.clocks +=
          (error ? seen.last_error : seen.last_rate) ? 1 : 0;  // the last event takes a clock more
      record.events += sent;
      flags_.send(index, error ? CoreFlags::Events::errors : CoreFlags::Events::rates, sent, units);
    }
    flags_.pass(index, s, seen.changed,
                emulator_->errors_are_zero(index) ? CoreFlags::Errors::zero : CoreFlags::Errors::nonzero);
  }
  record.clocks += clocks::update;
}

WalkTimer CoreModel::timer(int extent) const {
  return WalkTimer(static_cast<std::uint64_t>(groups_of(extent, core_.lanes)),
                   static_cast<std::uint64_t>(queue_));
}

void CoreModel::account(const WalkTimer& timer, std::uint64_t entries, int extent, OperationRecord& record) {
  const LaneWork work = timer.finish(entries);
  record.clocks += work.clocks;
  record.lane_clocks = work.lane_clocks;
  record.walks = work.walks;
  pending_.macs += static_cast<std::uint32_t>(work.walks * static_cast<std::uint64_t>(extent));
}

void CoreModel::forward(const CoreOperation& op, OperationRecord& record) {
  const int k = op.operation.index;
  const bool dense = flags_.forward_dirty(k);
  if (!dense && !flags_.forward_waits(k)) {
    record.skipped = true;
    return;
  }
  const Projection& p = code_.program->projections[static_cast<std::size_t>(k)];
  WalkTimer walks = timer(p.rows);
  std::uint64_t entries = 0;
  record.anew = dense;
  if (dense) {
    if (flags_.forward_first(k)) walks.walk(entries++);  // clears the sums
    const auto& sent = emulator_->sent_rate(p.source);
    walks.walk_nonzero(sent.data(), sent.size(), entries);
    entries += sent.size();
    if (p.bias && p.one != 0) walks.walk(entries);
    entries += p.bias ? 1 : 0;
  } else {
    entries = static_cast<std::uint64_t>(flags_.rates_listed(k));
    walks.walk(0, entries);
  }
  record.clocks += clocks::matrix;
  account(walks, entries, p.rows, record);
  flags_.forward_done(k);
}

void CoreModel::backward(const CoreOperation& op, OperationRecord& record) {
  const int k = op.operation.index;
  const bool dense = flags_.backward_dirty(k);
  if (!dense && !flags_.backward_waits(k)) {
    record.skipped = true;
    return;
  }
  const Projection& p = code_.program->projections[static_cast<std::size_t>(k)];
  const int extent = code_.program->populations[static_cast<std::size_t>(p.source)].units;
  WalkTimer walks = timer(extent);
  std::uint64_t entries = 0;
  record.anew = dense;
  if (dense) {
    if (flags_.backward_first(k)) walks.walk(entries++);
    const auto& sent = emulator_->sent_error(p.target);
    walks.walk_nonzero(sent.data(), sent.size(), entries);
    entries += sent.size();
  } else {
    entries = static_cast<std::uint64_t>(flags_.errors_listed(k));
    walks.walk(0, entries);
  }
  record.clocks += clocks::matrix;
  account(walks, entries, extent, record);
  flags_.backward_done(k);
}

void CoreModel::learn(const CoreOperation& op, OperationRecord& record) {
  const int k = op.operation.index;
  if (!flags_.any_error(k)) {
    record.skipped = true;
    return;
  }
  const fixedpoint::Observation& seen = emulator_->observed();
  const Projection& p = code_.program->projections[static_cast<std::size_t>(k)];
  input_ready_ = false;
  WalkTimer walks = timer(p.columns);
  const auto rows = static_cast<std::uint64_t>(p.rows);
  if (seen.steps) walks.walk_nonzero(emulator_->steps(k).data(), static_cast<std::size_t>(p.rows), 0);
  record.clocks += clocks::steps + clocks::lead;
  const std::uint64_t before = record.clocks;
  account(walks, rows, p.columns, record);
  // The pass that makes the steps may outlast the lanes.
  record.clocks = std::max(record.clocks, before + rows + clocks::pass_drains -
                                              std::min(clocks::lead, rows + clocks::pass_drains));
  if (seen.weights_moved) flags_.learned(k);
}

}  // namespace apical::sim
