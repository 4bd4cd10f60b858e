// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <vector>

namespace apical::sim {

/// One flit, which is a whole packet: an address-event, a partial sum, or how many of them there were.
struct Packet {
  enum class Kind : std::uint8_t { value, count, nothing, ready, go };
  std::int64_t value = 0;
  std::int32_t unit = 0;         ///< within its stream
  std::int32_t port = 0;         ///< of the receiver (sim/mesh/mesh_streams.hpp)
  std::int32_t destination = 0;  ///< core
  Kind kind = Kind::value;
};

/// Routes a packet may take. Mixed is a fault for tests to find: half of the packets go Y first, so that
/// buffers can wait for each other in a ring.
enum class Routing { xy, mixed };

struct MeshOptions {
  int columns = 1, rows = 1;
  int buffer = 4;          ///< packets at every input of a router, at least 1
  double stall = 0.0;      ///< chance that a link stands still in a clock: random delays, 0 .. below 1
  std::uint64_t seed = 1;  ///< of the stalls
  Routing routing = Routing::xy;
};

/// Directions out of and into a router; `local` is its core.
namespace direction {
inline constexpr int east = 0, west = 1, south = 2, north = 3, local = 4, count = 5;
}

/// Clocks from a router's buffer into the next one: to arbitrate, and over the link.
inline constexpr std::uint64_t hop_clocks = 2;

/// A mesh of routers with a buffer at each input and credits for them: a packet leaves only for a buffer that
/// has room. An output takes its inputs in turn. Followed clock by clock, packet by packet.
class MeshNetwork {
 public:
  using Sink = std::function<void(int core, const Packet&)>;
  /// `sink` takes every packet that arrives, in the clock in which it does; it may call send().
  MeshNetwork(const MeshOptions&, Sink sink);

  /// Puts a packet into the queue of its core, from which one a clock enters the network. No packet of a core
  /// to itself.
  void send(int core, const Packet&);
  bool empty() const { return inside_ == 0; }  ///< no packet in a router or a queue
  std::uint64_t clock() const { return clock_; }
  void advance_to(std::uint64_t clock) { clock_ = clock; }  ///< while it is empty
  /// One clock. Throws std::logic_error when packets wait for each other for ever.
  void step();

  int cores() const { return options_.columns * options_.rows; }
  const MeshOptions& options() const { return options_; }
  std::uint64_t sent() const { return sent_; }  ///< packets that entered
  std::uint64_t arrived() const { return arrived_; }
  std::uint64_t hops() const { return hops_; }  ///< from router to router
  /// Packets that left a router in a direction, so far.
  std::uint64_t traffic(int core, int direction) const {
    return routers_[static_cast<std::size_t>(core)].traffic[static_cast<std::size_t>(direction)];
  }
  bool has_link(int core, int direction) const;
  int distance(int a, int b) const;

 private:
  struct Flit {
    Packet packet;
    std::uint64_t ready = 0;  ///< clock from which on it may leave
    bool y_first = false;
  };
  struct Input {
    int first = 0, count = 0;  ///< of the ring of slots
  };
  struct Router {
    std::array<Input, direction::count> inputs;
    std::array<int, direction::count> turn{};  ///< input that an output looks at first
    std::array<std::uint64_t, direction::count> traffic{};
    std::deque<Packet> queue;  ///< of the core, not yet in the network
    bool active = false;
  };
  struct Move {
    int router, input, output;
  };

  Flit& slot(int router, int input, int place);
  int route(int router, const Flit&) const;
  int neighbour(int router, int direction) const;
  bool stalled() { return options_.stall > 0.0 && chance_(random_) < options_.stall; }
  void choose(int router, std::vector<Move>& moves, bool& waiting);
  void activate(int router);

  MeshOptions options_;
  Sink sink_;
  std::vector<Router> routers_;
  std::vector<Flit> slots_;
  std::vector<int> active_, next_;
  std::vector<Move> moves_;
  std::uint64_t clock_ = 0, inside_ = 0, sent_ = 0, arrived_ = 0, hops_ = 0;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> chance_{0.0, 1.0};
};

}  // namespace apical::sim
