// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

namespace apical::sim {

/// What arrives at a part of a network: rates, errors as they were sent, errors as LEARN takes them, and sums
/// of other blocks.
enum class Role { rate, sent_error, error, basal, apical };

/// Where one stream arrives. Whoever has to tell many tells the first, which tells the next: `next` is the
/// port that hears everything after this one. What has arrived waits here until the operation that wants it
/// begins, or until the tick ends, and so has a place of its own: a packet is always taken.
///
/// Events (rates, errors): any number of values, and a packet that says how many. Sums: all of them or
/// Packet::Kind::nothing, and each goes on, with the block's own added, as soon as both are there.
struct Port {
  Role role = Role::rate;
  int core = 0, part = 0;  ///< of MeshIntegers: a slice or a tile
  bool to_slice = false;   ///< the part is a slice: sums end here
  int next = -1;
  int units = 0;

  bool active = false;  ///< something arrives in this tick
  std::int64_t received = 0, expected = -1;
  std::vector<std::pair<std::int32_t, std::int64_t>> landed;  ///< events, not yet taken

  std::vector<std::int64_t> sums, own;   ///< of the blocks before this one; its own
  std::vector<std::uint8_t> here;        ///< by unit: arrived in this tick
  bool head = false;                     ///< no block comes before this one
  bool computed = false, moved = false;  ///< the own sums are there; they are others than at the last tick
  bool passed_on = false;

  bool is_sum() const { return role == Role::basal || role == Role::apical; }
  bool arrived() const { return received == expected; }
  /// Nothing of this tick is left to be done here.
  bool complete() const { return !active || (arrived() && (!is_sum() || to_slice || passed_on)); }
};

}  // namespace apical::sim
