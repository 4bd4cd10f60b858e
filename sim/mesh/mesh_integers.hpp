// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"
#include "sim/core/core_flags.hpp"
#include "sim/machines/energy.hpp"
#include "sim/machines/integer_machine.hpp"
#include "sim/mesh/mesh_map.hpp"
#include "sim/mesh/mesh_network.hpp"
#include "sim/mesh/mesh_streams.hpp"

namespace apical::sim {

struct MeshSettings {
  int lanes = 4;
  int buffer = 4;               ///< MeshOptions::buffer
  double stall = 0.0;           ///< MeshOptions::stall
  std::uint64_t late = 0;       ///< a packet that arrives is held back by 0 .. late clocks, at random
  std::uint64_t seed = 1;       ///< of both
  bool wait_for_counts = true;  ///< false is a fault for tests to find: operations don't wait for events
};

/// What a core did so far.
struct CoreLoad {
  std::uint64_t busy = 0;         ///< clocks in operations
  std::uint64_t lane_clocks = 0;  ///< in which its lanes worked
};

/// A program on a mesh of cores, behind the interface that lockstep compares. Every core runs the operations
/// of its parts in the program's order, each by the emulator's own integers on a part of the program, and
/// waits only for what an operation reads; what others have to know travels as packets. See sim/README.md,
/// "Many cores".
class MeshIntegers : public IntegerMachine {
 public:
  MeshIntegers(std::shared_ptr<const fixedpoint::Program>, Placement, const MeshSettings&);

  std::string name() const override;
  const fixedpoint::Program& program() const override { return *program_; }
  void write_input(const std::vector<std::int64_t>& raw) override;
  void write_target(const std::vector<std::int64_t>& raw) override;
  void set_beta(std::int64_t value) override;
  void set_learning_scale(double factor) override;
  void tick() override;
  std::uint32_t ticks() const override { return tick_; }
  std::int64_t beta() const override { return beta_; }
  std::int64_t eta(int projection) const override;
  std::vector<std::int64_t> read(int layer, int field) override;
  std::vector<std::int64_t> weights(int projection) override;
  std::uint64_t clocks() const override { return network_.clock(); }

  const Placement& placement() const { return placement_; }
  const MeshNetwork& network() const { return network_; }
  const std::vector<CoreLoad>& loads() const { return loads_; }
  std::uint64_t packets_at_home() const { return at_home_; }  ///< from a core to itself
  /// Of all cores, without the network.
  Energy core_energy(const EnergyCosts&) const;
  /// Of the buffers that packets went through: a write and a read per hop. Wires are not in the table.
  double network_energy(const EnergyCosts&) const;
  int packet_bits() const;

 private:
  struct SlicePart {
    int layer = 0, number = 0, core = 0;
    UnitRange units;
    std::unique_ptr<fixedpoint::Emulator> emulator;
    CoreFlags flags{3, 2};
    std::vector<std::int64_t> told_rate, told_sent_error, told_error;
    int rate_port = -1, sent_error_port = -1, error_port = -1;  ///< of who hears first
    int basal = -1, apical = -1;                                ///< ports that sums arrive at
    int index() const { return layer == 0 ? 0 : part_index::slice; }
  };
  struct TilePart {
    int projection = 0, core = 0;
    UnitRange rows, sources;
    bool errors_are_sent = false;  ///< theta is 0: one stream is both
    std::unique_ptr<fixedpoint::Emulator> emulator;
    int rate = -1, sent_error = -1, error = -1, basal = -1, apical = -1;  ///< ports
    std::uint64_t rates = 0, errors = 0;  ///< events since the last FORWARD, BACKWARD
    bool forward_dirty = true, backward_dirty = true;
  };
  struct Task {
    enum class Kind { operation, decay, send_input } kind = Kind::operation;
    fixedpoint::Operation operation{};
    int part = 0;
    std::vector<int> waits;  ///< ports
  };
  /// A part of a tick between two barriers.
  struct Segment {
    std::vector<std::vector<Task>> tasks;  ///< per core
    std::vector<int> active;               ///< ports
  };
  struct CoreState {
    std::size_t next = 0;  ///< task
    bool busy = false;
    int ports = 0;       ///< active ones that aren't complete
    int ready_from = 0;  ///< neighbours that are ready
    bool ready = false, going = false;
  };

  // Construction (mesh_build.cpp).
  void make_parts();
  void make_streams();
  void chain(Role, int part, std::vector<int> tiles);
  void reduce(Role, int slice, std::vector<int> tiles);
  int add_port(Role, int part, bool to_slice);
  Segment make_segment(const std::vector<fixedpoint::Operation>&, bool with_input, bool with_decay) const;
  int tile_of(int projection, int row, int column) const;

  // A tick (mesh_integers.cpp).
  void run(const Segment&);
  void advance(int core);
  void finish(int core);
  void arrive(const Packet&);
  void take(Port&);
  void sums_computed(int port, const fixedpoint::AlignedVector<std::int64_t>& own, bool moved);
  void pass_on(Port&, int unit);
  void settle(int port);
  void post(int core, int port, Packet::Kind, int unit, std::int64_t value);
  void tell(int core, int port, const fixedpoint::AlignedVector<std::int64_t>& now,
            std::vector<std::int64_t>& told);
  void check_ready(int core);
  void go(int core);

  // Operations and their clocks (mesh_operations.cpp).
  std::uint64_t execute(const Task&);
  std::uint64_t execute_update(SlicePart&, const Task&);
  std::uint64_t execute_matrix(TilePart&, const Task&);
  void emit(const Task&);

  std::shared_ptr<const fixedpoint::Program> program_;
  Placement placement_;
  MeshSettings settings_;
  MeshNetwork network_;
  std::vector<SlicePart> slices_;
  std::vector<TilePart> tiles_;
  std::vector<std::vector<int>> slice_of_;  ///< [population][slice] -> slices_
  std::vector<int> first_tile_;             ///< of a projection
  std::vector<Port> ports_;
  Segment first_, start_, later_;  ///< first_, later_: with and without `start` before them in tick 0
  const Segment* segment_ = nullptr;
  std::vector<CoreState> states_;
  std::vector<CoreLoad> loads_;
  int going_ = 0;

  struct Event {
    std::uint64_t clock, number;
    int core;  ///< whose operation ends, or -1: a packet that was held back
    Packet packet;
    bool operator>(const Event& other) const {
      return clock != other.clock ? clock > other.clock : number > other.number;
    }
  };
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t event_number_ = 0, at_home_ = 0;
  std::mt19937_64 random_;
  std::uint32_t tick_ = 0;
  std::int64_t beta_ = 0;
};

}  // namespace apical::sim
