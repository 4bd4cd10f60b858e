// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <tuple>
#include <vector>

#include "sim/isa/pass_words.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::sim {

/// Where in a tick a value is written; places compare in the order of writing.
struct Place {
  int operation = Write::host;  ///< number in listing()
  int slot = 0;                 ///< pass of an UPDATE
  bool sent = false;            ///< what was sent is written a clock behind the value
  int row = 0, column = -1;     ///< unit and -1, or of a weight

  bool operator<(const Place& other) const { return key() < other.key(); }
  bool operator==(const Place& other) const { return key() == other.key(); }

 private:
  std::tuple<int, int, bool, int, int> key() const { return {operation, slot, sent, row, column}; }
};

/// The place of a write that a machine told of; behind all of its operation where that doesn't write it.
Place place_of(const Listing&, const Write&);

/// A field of a population or the weights of a projection, and the last operation of a tick that writes it.
struct Site {
  Place first;     ///< of unit 0
  int layer = -1;  ///< a field; -1: weights
  int field = -1;
  int projection = -1;
};

/// All architectural state, in the order in which a tick writes it; what only the host writes comes first.
std::vector<Site> writing_order(const fixedpoint::Program&);

/// Whether operation `number` writes a field.
bool writes_field(const fixedpoint::Program&, int number, int layer, int field);

/// The operations up to number `last` in words; none of what the host writes.
std::vector<std::string> operations_until(const fixedpoint::Program&, int last);

}  // namespace apical::sim
