// SPDX-License-Identifier: Apache-2.0
// A tick of the mesh: cores that execute, packets that travel, and the barrier.
#include "sim/mesh/mesh_integers.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace apical::sim {

using fixedpoint::AlignedVector;

namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

}  // namespace

std::string MeshIntegers::name() const {
  return "mesh of " + std::to_string(placement_.columns) + " x " + std::to_string(placement_.rows);
}

void MeshIntegers::tick() {
  if (tick_ == 0 && !program_->start.empty()) run(start_);
  run(tick_ == 0 ? first_ : later_);
  for (SlicePart& s : slices_) s.emulator->end_tick();
  for (TilePart& t : tiles_) t.emulator->end_tick();
  ++tick_;
}

// From one barrier to the next.
void MeshIntegers::run(const Segment& segment) {
  segment_ = &segment;
  going_ = 0;
  for (int core = 0; core < placement_.cores(); ++core) {
    CoreState& state = states_[at(core)];
    state = {};
    // Ready goes along the rows to the first column, and up there.
    state.ready_from = network_.has_link(core, direction::east) ? 1 : 0;
    if (core % placement_.columns == 0 && network_.has_link(core, direction::south)) ++state.ready_from;
  }
  for (const int number : segment.active) {
    Port& port = ports_[at(number)];
    port.active = true;
    port.received = 0;
    port.expected = port.head ? 0 : -1;
    port.computed = port.moved = port.passed_on = false;
    std::fill(port.here.begin(), port.here.end(), std::uint8_t{0});
    ++states_[at(port.core)].ports;
  }
  for (int core = 0; core < placement_.cores(); ++core) advance(core);
  while (going_ < placement_.cores()) {
    while (!events_.empty() && events_.top().clock <= network_.clock()) {
      const Event event = events_.top();
      events_.pop();
      if (event.core >= 0)
        finish(event.core);
      else
        arrive(event.packet);
    }
    if (!network_.empty())
      network_.step();
    else if (!events_.empty())
      network_.advance_to(std::max(network_.clock(), events_.top().clock));
    else if (going_ < placement_.cores())
      throw std::logic_error("mesh: no core goes on, in tick " + std::to_string(tick_));
  }
  // All have everything of this tick: what no operation has waited for counts from now on.
  for (const int number : segment.active) {
    Port& port = ports_[at(number)];
    if (!port.is_sum()) take(port);
    port.active = false;
  }
}

// Starts what a core can start.
void MeshIntegers::advance(int core) {
  CoreState& state = states_[at(core)];
  const std::vector<Task>& tasks = segment_->tasks[at(core)];
  if (state.busy) return;
  if (state.next == tasks.size()) return check_ready(core);
  const Task& task = tasks[state.next];
  if (settings_.wait_for_counts)
    for (const int port : task.waits)
      if (!ports_[at(port)].arrived()) return;
  for (const int port : task.waits)
    if (!ports_[at(port)].is_sum()) take(ports_[at(port)]);
  state.busy = true;
  const std::uint64_t clocks = execute(task);
  loads_[at(core)].busy += clocks;
  events_.push({network_.clock() + clocks, event_number_++, core, {}});
}

void MeshIntegers::finish(int core) {
  CoreState& state = states_[at(core)];
  emit(segment_->tasks[at(core)][state.next]);
  ++state.next;
  state.busy = false;
  advance(core);
}

void MeshIntegers::post(int core, int port, Packet::Kind kind, int unit, std::int64_t value) {
  const int destination = ports_[at(port)].core;
  const Packet packet{value, unit, port, destination, kind};
  if (destination != core) return network_.send(core, packet);
  ++at_home_;
  arrive(packet);
}

// What moved, and how much it was.
void MeshIntegers::tell(int core, int port, const AlignedVector<std::int64_t>& now,
                        std::vector<std::int64_t>& told) {
  if (port < 0) return;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (now[i] == told[i]) continue;
    told[i] = now[i];
    post(core, port, Packet::Kind::value, static_cast<int>(i), now[i]);
    ++count;
  }
  post(core, port, Packet::Kind::count, 0, count);
}

void MeshIntegers::arrive(const Packet& packet) {
  if (packet.kind == Packet::Kind::ready) {
    --states_[at(packet.destination)].ready_from;
    return check_ready(packet.destination);
  }
  if (packet.kind == Packet::Kind::go) return go(packet.destination);
  Port& port = ports_[at(packet.port)];
  switch (packet.kind) {
    case Packet::Kind::count:
      port.expected = packet.value;
      break;
    case Packet::Kind::nothing:
      port.expected = 0;
      break;
    default:
      ++port.received;
      if (!port.is_sum()) {
        port.landed.emplace_back(packet.unit, packet.value);
        break;
      }
      port.expected = port.units;
      port.sums[at(packet.unit)] = packet.value;
      port.here[at(packet.unit)] = 1;
  }
  if (!port.is_sum()) {
    if (port.next >= 0) post(port.core, port.next, packet.kind, packet.unit, packet.value);
  } else if (!port.to_slice && port.computed) {
    if (packet.kind == Packet::Kind::value)
      pass_on(port, packet.unit);
    else if (port.moved)
      for (int unit = 0; unit < port.units; ++unit) pass_on(port, unit);
    else
      post(port.core, port.next, Packet::Kind::nothing, 0, 0);
  }
  settle(packet.port);
}

void MeshIntegers::pass_on(Port& port, int unit) {
  post(port.core, port.next, Packet::Kind::value, unit, port.sums[at(unit)] + port.own[at(unit)]);
}

// A tile has its own sums: they go on with those of the tiles before it, as far as those are there.
void MeshIntegers::sums_computed(int number, const AlignedVector<std::int64_t>& own, bool moved) {
  Port& port = ports_[at(number)];
  port.own.assign(own.begin(), own.begin() + port.units);
  port.computed = true;
  port.moved = moved;
  if (port.expected == 0) {
    if (moved)
      for (int unit = 0; unit < port.units; ++unit) pass_on(port, unit);
    else
      post(port.core, port.next, Packet::Kind::nothing, 0, 0);
  } else {
    for (int unit = 0; unit < port.units; ++unit)
      if (port.here[at(unit)]) pass_on(port, unit);
  }
  settle(number);
}

// Looks whether a port, and with it its core, is done or can go on.
void MeshIntegers::settle(int number) {
  Port& port = ports_[at(number)];
  if (!port.arrived()) return;
  if (port.is_sum() && !port.to_slice) {
    if (!port.computed) return;
    port.passed_on = true;
  }
  --states_[at(port.core)].ports;
  advance(port.core);
}

// Events that have landed, into the part.
void MeshIntegers::take(Port& port) {
  TilePart& tile = tiles_[at(port.part)];
  fixedpoint::Emulator& emulator = *tile.emulator;
  for (const auto& [unit, raw] : port.landed) {
    if (port.role == Role::rate) {
      emulator.receive_rate(part_index::source, unit, raw);
      ++tile.rates;
      continue;
    }
    if (port.role == Role::error) emulator.receive_error(part_index::target, unit, raw);
    if (port.role == Role::sent_error || tile.errors_are_sent) {
      emulator.receive_sent_error(part_index::target, unit, raw);
      ++tile.errors;
    }
  }
  port.landed.clear();
}

// A core is ready when it has done everything, has heard everything, and so are those behind it.
void MeshIntegers::check_ready(int core) {
  CoreState& state = states_[at(core)];
  if (state.ready || state.busy || state.ports > 0 || state.ready_from > 0 ||
      state.next < segment_->tasks[at(core)].size())
    return;
  state.ready = true;
  if (core == 0) return go(core);
  const int up = core % placement_.columns > 0 ? core - 1 : core - placement_.columns;
  network_.send(core, {0, 0, 0, up, Packet::Kind::ready});
}

void MeshIntegers::go(int core) {
  ++going_;
  if (network_.has_link(core, direction::east)) network_.send(core, {0, 0, 0, core + 1, Packet::Kind::go});
  if (core % placement_.columns == 0 && network_.has_link(core, direction::south))
    network_.send(core, {0, 0, 0, core + placement_.columns, Packet::Kind::go});
}

void MeshIntegers::write_input(const std::vector<std::int64_t>& raw) {
  for (const int s : slice_of_[0]) {
    SlicePart& slice = slices_[at(s)];
    slice.emulator->write_inputs(0, raw.data() + slice.units.first, slice.units.count);
  }
}

void MeshIntegers::write_target(const std::vector<std::int64_t>& raw) {
  for (const int s : slice_of_.back()) {
    SlicePart& slice = slices_[at(s)];
    for (int i = 0; i < slice.units.count; ++i)
      slice.emulator->write_target(i, raw[at(slice.units.first + i)]);
    slice.flags.nudge();
  }
}

void MeshIntegers::set_beta(std::int64_t value) {
  for (const int s : slice_of_.back()) {
    slices_[at(s)].emulator->set_beta_register(value);
    if (value != beta_) slices_[at(s)].flags.nudge();
  }
  beta_ = value;
}

void MeshIntegers::set_learning_scale(double factor) {
  for (TilePart& t : tiles_) t.emulator->set_learning_scale(factor);
}

std::int64_t MeshIntegers::eta(int projection) const {
  return tiles_[at(first_tile_[at(projection)])].emulator->eta(part_index::matrix);
}

std::vector<std::int64_t> MeshIntegers::read(int layer, int field) {
  std::vector<std::int64_t> all;
  for (const int s : slice_of_[at(layer)]) {
    const fixedpoint::LayerState& state = slices_[at(s)].emulator->state(slices_[at(s)].index());
    const auto& values = state.field(field);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

std::vector<std::int64_t> MeshIntegers::weights(int projection) {
  const fixedpoint::Projection& p = program_->projections[at(projection)];
  std::vector<std::int64_t> all(at(p.rows) * at(p.columns));
  for (const TilePart& t : tiles_) {
    if (t.projection != projection) continue;
    const fixedpoint::Projection& part = t.emulator->program().projections[part_index::matrix];
    for (int row = 0; row < part.rows; ++row)
      for (int column = 0; column < part.columns; ++column)
        all[at(t.rows.first + row) * at(p.columns) + at(t.sources.first + column)] =
            t.emulator->weights(part_index::matrix).at(row, column);
  }
  return all;
}

Energy MeshIntegers::core_energy(const EnergyCosts& costs) const {
  Energy energy;
  for (const SlicePart& s : slices_)
    energy += estimate(s.emulator->program(), s.index(), s.emulator->activity(s.index()), costs);
  for (const TilePart& t : tiles_)
    energy +=
        estimate(t.emulator->program(), part_index::target, t.emulator->activity(part_index::target), costs);
  return energy;
}

double MeshIntegers::network_energy(const EnergyCosts& costs) const {
  const double buffers = static_cast<double>(network_.hops() + network_.sent());
  return buffers * 2.0 * memory_access(settings_.buffer, packet_bits(), costs);
}

// Receiver's place, its stream, the unit, and the widest of sums and signals.
int MeshIntegers::packet_bits() const {
  const auto bits_for = [](std::size_t values) {
    int bits = 1;
    while ((std::size_t{1} << bits) < values) ++bits;
    return bits;
  };
  std::size_t units = 0;
  for (const Port& port : ports_) units = std::max(units, at(port.units));
  std::vector<std::size_t> streams(states_.size(), 0);
  for (const Port& port : ports_) ++streams[at(port.core)];
  int widest = 32;
  for (const auto& proof : program_->proofs)
    if (is_sum(proof)) widest = std::max(widest, proof.bits);
  constexpr int kind_bits = 3;
  return bits_for(states_.size()) + bits_for(*std::max_element(streams.begin(), streams.end())) +
         bits_for(units) + kind_bits + widest;
}

}  // namespace apical::sim
