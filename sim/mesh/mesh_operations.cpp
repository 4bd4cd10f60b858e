// SPDX-License-Identifier: Apache-2.0
// What the operations of a core compute, by the emulator, and what they cost, by the cost model.
#include <algorithm>

#include "sim/core/cost_model.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/isa/pass_words.hpp"
#include "sim/mesh/mesh_integers.hpp"

namespace apical::sim {

using fixedpoint::Emulator;
using fixedpoint::OpCode;
using fixedpoint::Operation;
using fixedpoint::Projection;

namespace {

constexpr std::uint64_t queue_of_walks = 4;  // QUEUE of hw/rtl/apical_core.sv

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

WalkTimer timer(int extent, int lanes) {
  return WalkTimer(static_cast<std::uint64_t>((extent + lanes - 1) / lanes), queue_of_walks);
}

}  // namespace

std::uint64_t MeshIntegers::execute(const Task& task) {
  if (task.kind == Task::Kind::send_input) return clocks::operation;
  if (task.kind == Task::Kind::operation && task.operation.code != OpCode::update)
    return execute_matrix(tiles_[at(task.part)], task);
  return execute_update(slices_[at(task.part)], task);
}

std::uint64_t MeshIntegers::execute_update(SlicePart& slice, const Task& task) {
  Emulator& emulator = *slice.emulator;
  std::uint32_t slots = 1u << slot::mismatch;
  if (task.kind == Task::Kind::decay) {
    slice.flags.decays();
    emulator.decay_mismatch(part_index::slice);
  } else {
    // Sums that are others than they were.
    for (const int number : task.waits) {
      const Port& port = ports_[at(number)];
      if (port.expected == 0) continue;
      if (port.role == Role::basal) {
        emulator.set_basal_sums(part_index::into, port.sums.data());
        slice.flags.forward_done(part_index::into);
      } else {
        emulator.set_apical_sums(part_index::above, port.sums.data());
        slice.flags.backward_done(part_index::above);
      }
    }
    Operation op = task.operation;
    op.index = part_index::slice;
    slots = slots_of(emulator.program(), op);
    emulator.execute(op);
  }
  if ((slots & slice.flags.stale(part_index::slice)) == 0) return clocks::operation;
  std::uint64_t clocks = clocks::operation + clocks::header + clocks::update;
  for (int s = 0; s < slot::count; ++s) {
    if ((slots & slice.flags.stale(part_index::slice) & 1u << s) == 0) continue;
    clocks += clocks::pass + static_cast<std::uint64_t>(slice.units.count);
    slice.flags.pass(
        part_index::slice, s, emulator.observed().changed,
        emulator.errors_are_zero(part_index::slice) ? CoreFlags::Errors::zero : CoreFlags::Errors::nonzero);
  }
  return clocks;
}

// As sim/core/core_model_tick.cpp has it: events where the sums are up to date, otherwise all that isn't 0.
std::uint64_t MeshIntegers::execute_matrix(TilePart& tile, const Task& task) {
  Emulator& emulator = *tile.emulator;
  const Projection& p = emulator.program().projections[part_index::matrix];
  Operation op = task.operation;
  op.index = part_index::matrix;
  emulator.execute(op);
  CoreLoad& load = loads_[at(tile.core)];
  const auto account = [&](const WalkTimer& walks, std::uint64_t entries) {
    const LaneWork work = walks.finish(entries);
    load.lane_clocks += work.lane_clocks;
    return work.clocks;
  };
  if (op.code == OpCode::learn) {
    if (emulator.errors_are_zero(part_index::target)) return clocks::operation;
    WalkTimer walks = timer(p.columns, settings_.lanes);
    const auto rows = static_cast<std::uint64_t>(p.rows);
    if (emulator.observed().steps)
      walks.walk_nonzero(emulator.steps(part_index::matrix).data(), at(p.rows), 0);
    if (emulator.observed().weights_moved) tile.forward_dirty = tile.backward_dirty = true;
    const std::uint64_t before = clocks::operation + clocks::steps + clocks::lead;
    return std::max(before + account(walks, rows),
                    before + rows + clocks::pass_drains - std::min(clocks::lead, rows + clocks::pass_drains));
  }
  const bool forward = op.code == OpCode::forward;
  bool& dirty = forward ? tile.forward_dirty : tile.backward_dirty;
  std::uint64_t& events = forward ? tile.rates : tile.errors;
  if (!dirty && events == 0) return clocks::operation;
  WalkTimer walks = timer(forward ? p.rows : tile.sources.count, settings_.lanes);
  std::uint64_t entries = events;
  if (dirty) {
    walks.walk(0);  // clears the sums
    const auto& sent =
        forward ? emulator.sent_rate(part_index::source) : emulator.sent_error(part_index::target);
    walks.walk_nonzero(sent.data(), sent.size(), 1);
    entries = 1 + sent.size();
    if (forward && p.bias) {
      if (p.one != 0) walks.walk(entries);
      ++entries;
    }
  } else {
    walks.walk(0, events);
  }
  return clocks::operation + clocks::matrix + account(walks, entries);
}

// When an operation has ended, others hear of it.
void MeshIntegers::emit(const Task& task) {
  namespace part = fixedpoint::part;
  if (task.kind == Task::Kind::decay) return;
  const OpCode code = task.operation.code;
  if (task.kind == Task::Kind::send_input || code == OpCode::update) {
    SlicePart& slice = slices_[at(task.part)];
    const fixedpoint::LayerState& state = slice.emulator->state(slice.index());
    const bool input = task.kind == Task::Kind::send_input;
    if (input || (task.operation.parts & part::soma) != 0)
      tell(slice.core, slice.rate_port, state.sent_rate, slice.told_rate);
    if (!input && (task.operation.parts & (part::error | part::start_error)) != 0) {
      tell(slice.core, slice.sent_error_port, state.sent_error, slice.told_sent_error);
      tell(slice.core, slice.error_port, state.signals[static_cast<std::size_t>(fixedpoint::Signal::error)],
           slice.told_error);
    }
    return;
  }
  TilePart& tile = tiles_[at(task.part)];
  if (code == OpCode::learn) return;
  const bool forward = code == OpCode::forward;
  bool& dirty = forward ? tile.forward_dirty : tile.backward_dirty;
  std::uint64_t& events = forward ? tile.rates : tile.errors;
  const bool moved = dirty || events > 0;
  dirty = false;
  events = 0;
  if (forward)
    sums_computed(tile.basal, tile.emulator->basal_sums(part_index::matrix), moved);
  else
    sums_computed(tile.apical, tile.emulator->apical_sums(part_index::matrix), moved);
}

}  // namespace apical::sim
