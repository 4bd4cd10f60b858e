// SPDX-License-Identifier: Apache-2.0
// How a program is taken apart, and who hears from whom.
#include <algorithm>

#include "sim/isa/core_map.hpp"
#include "sim/isa/format_words.hpp"
#include "sim/isa/pass_words.hpp"
#include "sim/mesh/mesh_integers.hpp"

namespace apical::sim {

using fixedpoint::Emulator;
using fixedpoint::LayerState;
using fixedpoint::OpCode;
using fixedpoint::Operation;
using fixedpoint::Program;
using fixedpoint::Projection;

namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

fixedpoint::EmulatorOptions quiet(bool watch) {
  fixedpoint::EmulatorOptions options;
  options.statistics = false;
  options.watch_weights = watch;
  return options;
}

// A projection that has its accumulators for itself.
void link_alone(CoreFlags& flags, int projection, int source, int target) {
  reg::Link link;
  link.projection = projection;
  link.source = source;
  link.target = target;
  link.first_forward = link.first_backward = true;
  flags.link(link);
}

// Slots that run in every tick, as the assembler of the core says them.
std::uint32_t always(const Program& part) {
  std::uint32_t slots = fixedpoint::passes_of_every_tick;
  for (int s = 0; s < slot::count; ++s) {
    PassWords words;
    if (pass_words(part, part_index::slice, s, {}, words) && random_level(words.pass) != 0) slots |= 1u << s;
  }
  return slots;
}

}  // namespace

MeshIntegers::MeshIntegers(std::shared_ptr<const Program> program, Placement placement,
                           const MeshSettings& settings)
    : program_(std::move(program)),
      placement_(std::move(placement)),
      settings_(settings),
      network_(
          {placement_.columns, placement_.rows, settings.buffer, settings.stall, settings.seed},
          [this](int, const Packet& packet) {
            if (settings_.late == 0) return arrive(packet);
            events_.push({network_.clock() + random_() % (settings_.late + 1), event_number_++, -1, packet});
          }),
      states_(at(placement_.cores())),
      loads_(at(placement_.cores())),
      random_(settings.seed) {
  make_parts();
  make_streams();
  const bool has_start = !program_->start.empty();
  start_ = make_segment(program_->start, true, false);
  first_ = make_segment(program_->operations, !has_start, true);
  later_ = make_segment(program_->operations, true, true);
  MeshIntegers::set_learning_scale(1.0);
}

void MeshIntegers::make_parts() {
  const int layers = static_cast<int>(program_->populations.size());
  for (int layer = 0; layer < layers; ++layer) {
    slice_of_.emplace_back();
    for (const Slice& slice : placement_.slices[at(layer)]) {
      SlicePart part;
      part.layer = layer;
      part.number = static_cast<int>(slice_of_.back().size());
      part.core = slice.core;
      part.units = slice.units;
      const auto code = std::make_shared<const Program>(slice_program(*program_, layer, slice.units));
      part.emulator = std::make_unique<Emulator>(code, quiet(false));
      if (layer > 0) part.flags.set_always(part_index::slice, always(*code));
      link_alone(part.flags, part_index::into, 0, 1);
      link_alone(part.flags, part_index::above, 1, 2);
      const LayerState& state = part.emulator->state(part.index());
      part.told_rate.assign(state.sent_rate.begin(), state.sent_rate.end());
      part.told_sent_error.assign(at(slice.units.count), 0);
      part.told_error = part.told_sent_error;
      slice_of_.back().push_back(static_cast<int>(slices_.size()));
      slices_.push_back(std::move(part));
    }
  }
  for (int k = 0; k < static_cast<int>(program_->projections.size()); ++k) {
    first_tile_.push_back(static_cast<int>(tiles_.size()));
    const Projection& p = program_->projections[at(k)];
    const auto& sources = placement_.slices[at(p.source)];
    std::size_t number = 0;
    for (const Slice& rows : placement_.slices[at(p.target)])
      for (const Slice& columns : sources) {
        TilePart part;
        part.projection = k;
        part.core = placement_.tiles[at(k)][number++];
        part.rows = rows.units;
        part.sources = columns.units;
        part.errors_are_sent = program_->populations[at(p.target)].theta_error == 0;
        const auto code = std::make_shared<Program>(tile_program(*program_, k, rows.units, columns.units));
        part.emulator = std::make_unique<Emulator>(code, quiet(true));
        for (Projection& loaded : code->projections) loaded.image = {};  // large meshes have no room for it
        // What everybody knows of units at rest.
        LayerState state = part.emulator->state(part_index::source);
        const std::int64_t rest = p.source == 0 ? 0 : program_->rate_tables[at(p.source)].lookup(0);
        std::fill(state.sent_rate.begin(), state.sent_rate.end(), rest);
        part.emulator->restore(part_index::source, state);
        tiles_.push_back(std::move(part));
      }
  }
}

int MeshIntegers::tile_of(int projection, int row, int column) const {
  const int width = static_cast<int>(placement_.slices[at(projection)].size());
  return first_tile_[at(projection)] + row * width + column;
}

int MeshIntegers::add_port(Role role, int part, bool to_slice) {
  Port port;
  port.role = role;
  port.part = part;
  port.to_slice = to_slice;
  const bool sources = role == Role::rate || role == Role::apical;
  if (to_slice) {
    port.core = slices_[at(part)].core;
    port.units = slices_[at(part)].units.count;
  } else {
    const TilePart& tile = tiles_[at(part)];
    port.core = tile.core;
    port.units = sources ? tile.sources.count : tile.rows.count;
  }
  if (port.is_sum()) {
    port.sums.assign(at(port.units), 0);
    port.here.assign(at(port.units), 0);
  }
  ports_.push_back(port);
  return static_cast<int>(ports_.size()) - 1;
}

// The units of a slice tell the tiles something, the nearest first, and so on from tile to tile.
void MeshIntegers::chain(Role role, int slice, std::vector<int> tiles) {
  SlicePart& from = slices_[at(slice)];
  int* head = role == Role::rate         ? &from.rate_port
              : role == Role::sent_error ? &from.sent_error_port
                                         : &from.error_port;
  int core = from.core, before = -1;
  while (!tiles.empty()) {
    const auto nearest = std::min_element(tiles.begin(), tiles.end(), [&](int a, int b) {
      return network_.distance(core, tiles_[at(a)].core) < network_.distance(core, tiles_[at(b)].core);
    });
    TilePart& tile = tiles_[at(*nearest)];
    const int port = add_port(role, *nearest, false);
    (role == Role::rate ? tile.rate : role == Role::sent_error ? tile.sent_error : tile.error) = port;
    if (before < 0)
      *head = port;
    else
      ports_[at(before)].next = port;
    before = port;
    core = tile.core;
    tiles.erase(nearest);
  }
}

// Tiles add up what they have on the way to a slice: the same chain from its far end.
void MeshIntegers::reduce(Role role, int slice, std::vector<int> tiles) {
  SlicePart& to = slices_[at(slice)];
  int next = add_port(role, slice, true);
  (role == Role::basal ? to.basal : to.apical) = next;
  int core = to.core;
  while (!tiles.empty()) {
    const auto nearest = std::min_element(tiles.begin(), tiles.end(), [&](int a, int b) {
      return network_.distance(core, tiles_[at(a)].core) < network_.distance(core, tiles_[at(b)].core);
    });
    TilePart& tile = tiles_[at(*nearest)];
    const int port = add_port(role, *nearest, false);
    (role == Role::basal ? tile.basal : tile.apical) = port;
    ports_[at(port)].next = next;
    next = port;
    core = tile.core;
    tiles.erase(nearest);
  }
  ports_[at(next)].head = true;
}

void MeshIntegers::make_streams() {
  for (int k = 0; k < static_cast<int>(program_->projections.size()); ++k) {
    const Projection& p = program_->projections[at(k)];
    const int rows = static_cast<int>(slice_of_[at(p.target)].size());
    const int columns = static_cast<int>(slice_of_[at(p.source)].size());
    const bool sends_down = p.source > 0, apart = program_->populations[at(p.target)].theta_error > 0;
    for (int c = 0; c < columns; ++c) {
      std::vector<int> tiles;
      tiles.reserve(at(rows));
      for (int r = 0; r < rows; ++r) tiles.push_back(tile_of(k, r, c));
      chain(Role::rate, slice_of_[at(p.source)][at(c)], tiles);
      if (sends_down) reduce(Role::apical, slice_of_[at(p.source)][at(c)], tiles);
    }
    for (int r = 0; r < rows; ++r) {
      std::vector<int> tiles;
      tiles.reserve(at(columns));
      for (int c = 0; c < columns; ++c) tiles.push_back(tile_of(k, r, c));
      const int slice = slice_of_[at(p.target)][at(r)];
      reduce(Role::basal, slice, tiles);
      if (sends_down && apart) chain(Role::sent_error, slice, tiles);
      if (program_->learning || (sends_down && !apart)) chain(Role::error, slice, tiles);
    }
  }
}

// Operations in order, each with the streams that it reads: those that an earlier operation of the segment
// feeds. The others have been taken at the last barrier.
MeshIntegers::Segment MeshIntegers::make_segment(const std::vector<Operation>& operations, bool with_input,
                                                 bool with_decay) const {
  namespace part = fixedpoint::part;
  Segment segment;
  segment.tasks.resize(states_.size());
  std::vector<bool> fed(ports_.size(), false);
  const auto feed = [&](int port) {
    for (; port >= 0 && !fed[at(port)]; port = ports_[at(port)].next) {
      fed[at(port)] = true;
      segment.active.push_back(port);
    }
  };
  const auto add = [&](int core, Task task, std::initializer_list<int> reads) {
    for (const int port : reads)
      if (port >= 0 && fed[at(port)]) task.waits.push_back(port);
    segment.tasks[at(core)].push_back(std::move(task));
  };
  if (with_input)
    for (const int s : slice_of_[0]) {
      add(slices_[at(s)].core, {Task::Kind::send_input, {}, s, {}}, {});
      feed(slices_[at(s)].rate_port);
    }
  if (with_decay && !program_->decay.empty())
    for (std::size_t s = slice_of_[0].size(); s < slices_.size(); ++s)
      add(slices_[s].core, {Task::Kind::decay, {}, static_cast<int>(s), {}}, {});
  for (const Operation& op : operations) {
    if (op.code == OpCode::update) {
      for (const int s : slice_of_[at(op.index)]) {
        const SlicePart& slice = slices_[at(s)];
        const bool sums = (op.parts & part::basal) != 0;
        const bool errors = (op.parts & (part::error | part::start_mismatch)) != 0;
        add(slice.core, {Task::Kind::operation, op, s, {}},
            {sums ? slice.basal : -1, errors ? slice.apical : -1});
      }
      for (const int s : slice_of_[at(op.index)]) {
        if (op.parts & part::soma) feed(slices_[at(s)].rate_port);
        if (op.parts & (part::error | part::start_error)) {
          feed(slices_[at(s)].sent_error_port);
          feed(slices_[at(s)].error_port);
        }
      }
      continue;
    }
    const int first = first_tile_[at(op.index)];
    for (int t = first; t < static_cast<int>(tiles_.size()) && tiles_[at(t)].projection == op.index; ++t) {
      const TilePart& tile = tiles_[at(t)];
      const Task task{Task::Kind::operation, op, t, {}};
      const int sent = tile.errors_are_sent ? tile.error : tile.sent_error;
      if (op.code == OpCode::forward) add(tile.core, task, {tile.rate});
      if (op.code == OpCode::backward) add(tile.core, task, {sent});
      if (op.code == OpCode::learn) add(tile.core, task, {tile.rate, tile.error});
      if (op.code == OpCode::forward) feed(tile.basal);
      if (op.code == OpCode::backward) feed(tile.apical);
    }
  }
  return segment;
}

}  // namespace apical::sim
