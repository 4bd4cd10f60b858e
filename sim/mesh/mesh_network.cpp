// SPDX-License-Identifier: Apache-2.0
#include "sim/mesh/mesh_network.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

namespace apical::sim {
namespace {

constexpr int opposite(int d) {
  return d ^ 1;
}

}  // namespace

MeshNetwork::MeshNetwork(const MeshOptions& options, Sink sink)
    : options_(options), sink_(std::move(sink)), random_(options.seed) {
  if (options.columns < 1 || options.rows < 1 || options.buffer < 1 || options.stall < 0.0 ||
      options.stall >= 1.0)
    throw std::invalid_argument("mesh: accepted: at least 1 column, row and buffer; stall 0 .. below 1");
  routers_.resize(static_cast<std::size_t>(cores()));
  slots_.resize(routers_.size() * direction::count * static_cast<std::size_t>(options.buffer));
}

MeshNetwork::Flit& MeshNetwork::slot(int router, int input, int place) {
  const int within = place >= options_.buffer ? place - options_.buffer : place;
  return slots_[(static_cast<std::size_t>(router) * direction::count + static_cast<std::size_t>(input)) *
                    static_cast<std::size_t>(options_.buffer) +
                static_cast<std::size_t>(within)];
}

bool MeshNetwork::has_link(int core, int d) const {
  const int x = core % options_.columns, y = core / options_.columns;
  switch (d) {
    case direction::east:
      return x + 1 < options_.columns;
    case direction::west:
      return x > 0;
    case direction::south:
      return y + 1 < options_.rows;
    case direction::north:
      return y > 0;
    default:
      return true;
  }
}

int MeshNetwork::neighbour(int router, int d) const {
  constexpr int along_x[] = {1, -1, 0, 0}, along_y[] = {0, 0, 1, -1};
  return router + along_x[d] + along_y[d] * options_.columns;
}

int MeshNetwork::distance(int a, int b) const {
  return std::abs(a % options_.columns - b % options_.columns) +
         std::abs(a / options_.columns - b / options_.columns);
}

// XY: along the row until the column is right, then along the column. No turn from Y to X.
int MeshNetwork::route(int router, const Flit& flit) const {
  const int dx = flit.packet.destination % options_.columns - router % options_.columns;
  const int dy = flit.packet.destination / options_.columns - router / options_.columns;
  const int x = dx > 0 ? direction::east : direction::west, y = dy > 0 ? direction::south : direction::north;
  if (dx == 0 && dy == 0) return direction::local;
  if (flit.y_first) return dy != 0 ? y : x;
  return dx != 0 ? x : y;
}

void MeshNetwork::activate(int router) {
  Router& r = routers_[static_cast<std::size_t>(router)];
  if (r.active) return;
  r.active = true;
  active_.push_back(router);
}

void MeshNetwork::send(int core, const Packet& packet) {
  if (packet.destination == core) throw std::logic_error("mesh: a packet of a core to itself");
  routers_[static_cast<std::size_t>(core)].queue.push_back(packet);
  ++inside_;
  activate(core);
}

// What may leave a router in this clock: one packet per output, where the next buffer has room.
void MeshNetwork::choose(int router, std::vector<Move>& moves, bool& waiting) {
  Router& r = routers_[static_cast<std::size_t>(router)];
  std::array<int, direction::count> wants{};
  unsigned wanted = 0;
  for (int i = 0; i < direction::count; ++i) {
    wants[static_cast<std::size_t>(i)] = -1;
    const Input& input = r.inputs[static_cast<std::size_t>(i)];
    if (input.count == 0) continue;
    const Flit& flit = slot(router, i, input.first);
    if (flit.ready > clock_) {
      waiting = true;
      continue;
    }
    const int output = route(router, flit);
    wants[static_cast<std::size_t>(i)] = output;
    wanted |= 1u << output;
  }
  for (int output = 0; output < direction::count; ++output) {
    if ((wanted >> output & 1) == 0) continue;
    if (output != direction::local && routers_[static_cast<std::size_t>(neighbour(router, output))]
                                              .inputs[static_cast<std::size_t>(opposite(output))]
                                              .count >= options_.buffer)
      continue;
    if (stalled()) {
      waiting = true;
      continue;
    }
    int& turn = r.turn[static_cast<std::size_t>(output)];
    int input = turn;
    while (wants[static_cast<std::size_t>(input)] != output) input = (input + 1) % direction::count;
    turn = (input + 1) % direction::count;
    moves.push_back({router, input, output});
  }
}

void MeshNetwork::step() {
  moves_.clear();
  bool waiting = false;
  for (const int router : active_) choose(router, moves_, waiting);
  std::vector<std::pair<int, Packet>> delivered;
  for (const Move& move : moves_) {
    Router& r = routers_[static_cast<std::size_t>(move.router)];
    Input& input = r.inputs[static_cast<std::size_t>(move.input)];
    Flit flit = slot(move.router, move.input, input.first);
    input.first = (input.first + 1) % options_.buffer;
    --input.count;
    ++r.traffic[static_cast<std::size_t>(move.output)];
    if (move.output == direction::local) {
      --inside_;
      ++arrived_;
      delivered.emplace_back(move.router, flit.packet);
      continue;
    }
    ++hops_;
    flit.ready = clock_ + hop_clocks;
    const int next = neighbour(move.router, move.output), from = opposite(move.output);
    Input& to = routers_[static_cast<std::size_t>(next)].inputs[static_cast<std::size_t>(from)];
    slot(next, from, to.first + to.count) = flit;
    ++to.count;
    activate(next);
  }
  // Into the network, after the moves: the queue of a core is behind its buffer.
  bool entered = false;
  next_.clear();
  for (const int router : active_) {
    Router& r = routers_[static_cast<std::size_t>(router)];
    Input& input = r.inputs[direction::local];
    if (!r.queue.empty() && input.count < options_.buffer) {
      slot(router, direction::local, input.first + input.count) = {
          r.queue.front(), clock_ + 1, options_.routing == Routing::mixed && sent_ % 2 == 1};
      r.queue.pop_front();
      ++input.count;
      ++sent_;
      entered = true;
    }
    bool busy = !r.queue.empty();
    for (const Input& i : r.inputs) busy = busy || i.count > 0;
    if (busy)
      next_.push_back(router);
    else
      r.active = false;
  }
  active_.swap(next_);
  if (moves_.empty() && !entered && !waiting && inside_ > 0)
    throw std::logic_error("mesh: deadlock in clock " + std::to_string(clock_) + ", " +
                           std::to_string(inside_) + " packets wait for each other");
  ++clock_;
  for (const auto& [core, packet] : delivered) sink_(core, packet);
}

}  // namespace apical::sim
